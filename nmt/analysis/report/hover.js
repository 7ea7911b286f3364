
// Shows the values under the pointer, or at the place that the arrow keys reach, from the table
// behind a chart. Without it the table has them all.
for (const figure of document.querySelectorAll("figure.followed")) {
  const svg = figure.querySelector("svg");
  const details = figure.querySelector("details");
  const names = [...details.querySelectorAll("thead th")].slice(1).map((cell) => cell.textContent);
  const rows = [...details.querySelectorAll("tbody tr")];
  const [left, right, low, high] =
    ["left", "right", "low", "high"].map((name) => Number(figure.dataset[name]));
  const places = rows.map((row) =>
    left + (right - left) * (Number(row.dataset.x) - low) / (high - low));
  const said = document.createElement("p");
  said.className = "value";
  said.setAttribute("aria-live", "polite");
  svg.after(said);
  const cursor = document.createElementNS(svg.namespaceURI, "path");
  cursor.setAttribute("class", "cursor");
  svg.append(cursor);
  svg.tabIndex = 0;
  let at = -1;
  const show = (place) => {
    at = Math.max(0, Math.min(rows.length - 1, place));
    const [first, ...cells] = [...rows[at].cells].map((cell) => cell.textContent);
    const values = cells.map((text, i) => text && `\u2068${names[i]}\u2069: ${text}`).filter(Boolean);
    said.textContent = [`update ${first}`, ...values].join("\n");
    cursor.setAttribute("d", `M${places[at]},14V256`);
  };
  svg.addEventListener("pointermove", (event) => {
    const point = new DOMPoint(event.clientX, event.clientY);
    const { x } = point.matrixTransform(svg.getScreenCTM().inverse());
    const apart = places.map((place) => Math.abs(place - x));
    show(apart.indexOf(Math.min(...apart)));
  });
  const hide = () => {
    at = -1;
    said.textContent = "";
    cursor.removeAttribute("d");
  };
  svg.addEventListener("pointerleave", hide);
  svg.addEventListener("blur", hide);
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) {
      event.preventDefault();
      show(at + step);
    }
  });
}
