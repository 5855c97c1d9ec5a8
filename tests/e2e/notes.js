// Notes that the app keeps beside the lists, by name.

/** The text that is kept under a name. With `text`, that takes its place. */
export const note = (page, name, text) =>
  page.evaluate(
    ([name, text]) =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open('tallyman');
        opening.onerror = reject;
        opening.onsuccess = () => {
          const notes = opening.result.transaction('notes', 'readwrite').objectStore('notes');
          const asked = text === undefined ? notes.get(name) : notes.put(text, name);
          asked.onsuccess = () => resolve(asked.result);
          notes.transaction.oncomplete = () => opening.result.close();
        };
      }),
    [name, text],
  );
