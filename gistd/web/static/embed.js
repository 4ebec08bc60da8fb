// Tells the page around this one how high it is.
"use strict";

new ResizeObserver(() => {
  parent.postMessage({ gistdHeight: document.documentElement.offsetHeight }, "*");
}).observe(document.documentElement);
