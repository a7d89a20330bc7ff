// Sorts and searches tables and quotes. The page reads the same without it.
"use strict";
(() => {
  const annex = document.querySelector("#annex"), asked = location.hash.slice(1);
  if (annex && asked && !document.getElementById(asked)) location.replace(annex.href + location.hash);
  const text = (cell) => cell.textContent.trim();
  const value = (words) => { const n = words.replace(/,/g, "").match(/-?\d+(\.\d+)?/); return n ? Number(n[0]) : NaN; };
  for (const table of document.querySelectorAll("table.sortable")) {
    const body = table.tBodies[0];
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      head.tabIndex = 0;
      head.setAttribute("role", "button");
      const sort = () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const key = (row) => text(row.cells[column]);
        const rows = [...body.rows].sort((a, b) => {
          const x = value(key(a)), y = value(key(b));
          const order = column === 2 && !isNaN(x) && !isNaN(y) ? x - y : key(a).localeCompare(key(b));
          return up ? order : -order;
        });
        body.append(...rows);
      };
      head.addEventListener("click", sort);
      head.addEventListener("keydown", (event) => { if (event.key === "Enter") sort(); });
    });
  }
  const places = [
    ["#sites", "table.searchable tbody tr", "Search the sites"],
    ["#quotes", "article.quote", "Search the quotes"],
  ];
  for (const [where, what, words] of places) {
    const section = document.querySelector(where);
    if (!section) continue;
    const box = document.createElement("input");
    box.type = "search";
    box.placeholder = words;
    box.setAttribute("aria-label", words);
    section.querySelector("h2").after(box);
    box.addEventListener("input", () => {
      const wanted = box.value.toLocaleLowerCase();
      for (const row of section.querySelectorAll(what)) {
        row.classList.toggle("off", !row.textContent.toLocaleLowerCase().includes(wanted));
      }
    });
  }
})();
