"use strict";
// Only hides, shows and unfolds what is in the page: the report is complete without it.
(() => {
  const box = document.getElementById("filter");
  const count = document.getElementById("filter-count");
  const plain = (text) => text.normalize("NFKC").toLowerCase();
  const rows = [...document.querySelectorAll("[data-row]")].map((row) => [row, plain(row.textContent)]);
  const folds = [...document.querySelectorAll("[data-fold]")];
  const unfiltered = new Map();

  const filter = () => {
    const words = plain(box.value).split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const [row, text] of rows) {
      row.hidden = !words.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    for (const fold of folds) {
      if (!unfiltered.has(fold)) unfiltered.set(fold, fold.open);
      fold.open = words.length ? fold.querySelector("[data-row]:not([hidden])") !== null : unfiltered.get(fold);
    }
    if (!words.length) unfiltered.clear();
    count.textContent = words.length ? `${shown} / ${rows.length}` : "";
  };

  const unfold = () => {
    const target = document.getElementById(location.hash.slice(1));
    if (!target) return;
    for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    target.scrollIntoView();
  };

  document.getElementById("search").hidden = false;
  box.addEventListener("input", filter);
  addEventListener("hashchange", unfold);
  unfold();
})();
