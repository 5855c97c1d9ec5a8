import { Platform, Tallyman } from 'tallyman';

const tm = new Tallyman();

// A server component: /image?name=alpine:3.22
export default async function Page({ searchParams }) {
  const { name } = await searchParams;
  const image = await tm.inspect(name);
  return (
    <main>
      <h1>{image.reference}</h1>
      <p>{image.digest}</p>
      <ul>
        {image.platforms.map(({ platform, descriptor }) => (
          <li key={descriptor.digest}>{Platform.format(platform)}</li>
        ))}
      </ul>
    </main>
  );
}
