// The worker's own end: one message in, one message out, in any order. Put behind wasm-bindgen's code by the build, which
// writes the module's hashed name in place of the placeholder.
const ready = __wbg_init({ module_or_path: new URL("WORKER_WASM", import.meta.url) });

// A request is { id, call, input }: an exported function's name and its JSON. The answer is { id, output } or { id, error }.
const calls = { diff_text };

self.onmessage = async ({ data: { id, call, input } }) => {
  try {
    await ready;
    self.postMessage({ id, output: calls[call](input) });
  } catch (error) {
    self.postMessage({ id, error: String(error) });
  }
};
