import assert from 'node:assert/strict';
import { TallymanError } from 'tallyman';

/** The error in which `work` ends, which must be one of the package's. */
export async function failure(work) {
  try {
    await work();
  } catch (error) {
    assert.ok(error instanceof TallymanError && error instanceof Error, String(error));
    return error;
  }
  return assert.fail('it did not fail');
}
