import { Tallyman, type TallymanError } from 'tallyman';

declare const Deno: { args: string[] };
const tallyman = new Tallyman({ attempts: 1, insecure: false });
const told = await Promise.all(
  Deno.args.map(async (host) => {
    const { code, reason } = await tallyman.resolve(`${host}/app:v1`).then(() => ({ code: 'none', reason: undefined }), (error: TallymanError) => error);
    return [code, reason ?? null];
  }),
);
console.log(JSON.stringify(told));
