// Below every picture and figure: a line that saves what is shown now as a file of its own, which says its licence.
document.addEventListener("DOMContentLoaded", () => {
  const licence = "https://creativecommons.org/licenses/by/4.0/", words = "Save picture (SVG, CC BY 4.0)";
  const space = "http://www.w3.org/2000/svg";
  const painted = ["fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-dasharray", "opacity",
    "font-family", "font-size", "font-style", "font-weight", "text-anchor"];

  // A drawing as text, with the colours that the page gives it, on the page's ground.
  function alone(svg, said) {
    const copy = svg.cloneNode(true), box = svg.getBoundingClientRect();
    const shown = [svg, ...svg.querySelectorAll("*")], copied = [copy, ...copy.querySelectorAll("*")];
    shown.forEach((element, i) => {
      if (element.closest("style")) return;
      const style = getComputedStyle(element);
      if (element.closest("defs")) { // what is drawn of it has colours of its own, but for the page's
        const own = element.getAttribute("style");
        if (own) copied[i].setAttribute("style", own.replaceAll("currentColor", style.color));
        return;
      }
      copied[i].removeAttribute("class");
      copied[i].setAttribute("style", painted.map((name) => `${name}:${style.getPropertyValue(name)}`).join(";"));
    });
    copy.setAttribute("xmlns", space);
    copy.setAttribute("width", Math.round(box.width));
    copy.setAttribute("height", Math.round(box.height));
    const [x, y, width, height] = (copy.getAttribute("viewBox") || `0 0 ${box.width} ${box.height}`).split(/[ ,]+/);
    const ground = document.createElementNS(space, "rect");
    for (const [name, value] of Object.entries({x, y, width, height})) ground.setAttribute(name, value);
    ground.setAttribute("fill", getComputedStyle(svg.closest(".tfm")).backgroundColor);
    const title = document.createElementNS(space, "title"), about = document.createElementNS(space, "metadata");
    title.textContent = said;
    about.textContent = `${document.title}. The tfm_lite authors. Licence: CC BY 4.0, ${licence}`;
    copy.prepend(title, about, ground);
    return new XMLSerializer().serializeToString(copy);
  }

  function save(name, address) {
    const link = document.createElement("a");
    link.href = address;
    link.download = name;
    link.click();
  }

  function line(below, name, address) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "save-picture";
    button.textContent = words;
    button.addEventListener("click", () => save(name, address()));
    below.after(button);
  }

  const page = location.pathname.split("/").pop().replace(/\.html$/, "");
  document.querySelectorAll("article .tfm").forEach((figure, k) => {
    const drawn = () => [...figure.querySelectorAll("[role=img] svg")].filter((svg) => svg.getClientRects().length);
    if (drawn().length !== 1) return; // several beside each other are not one picture
    line(figure, `${page}-${k + 1}.svg`, () => {
      const [svg] = drawn();
      const text = alone(svg, svg.closest("[role=img]").getAttribute("aria-label"));
      return URL.createObjectURL(new Blob([text], {type: "image/svg+xml"}));
    });
  });
  document.querySelectorAll("article img[src$='.svg']").forEach((picture) => {
    line(picture, picture.src.split("/").pop(), () => picture.src);
  });
});
