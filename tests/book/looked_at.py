"""What is asked of a page in a browser: that everybody can use it, and that nothing of it is cut."""

from __future__ import annotations

from importlib.resources import files

from playwright.sync_api import Page

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
GRAVE = ("serious", "critical")

# What a cell puts out is read whole: it neither reaches past its box nor has to be scrolled. A table that a keyboard can
# scroll, for it has more columns than a phone is wide, is the one exception.
CUT = """(where) => [...document.querySelectorAll(`article :is(${where}) *`)].filter((element) => {
    if (element.closest("svg, mjx-container, details, [role=region][tabindex='0']")) return false;
    const hides = element.getClientRects().length && getComputedStyle(element).overflowX !== "visible";
    return hides && element.scrollWidth > element.clientWidth + 1;
}).map((one) => `<${one.localName} class="${one.className}"> ${one.scrollWidth} > ${one.clientWidth}: `
    + one.textContent.trim().slice(0, 60))"""
# Nor does a text of a drawing.
OUTSIDE = """() => [...document.querySelectorAll("article .tfm svg")].flatMap((svg) => {
    const box = svg.getBoundingClientRect();
    return [...svg.querySelectorAll("text")].filter((text) => {
        const own = text.getBoundingClientRect();
        const past = Math.max(box.left - own.left, own.right - box.right, box.top - own.top, own.bottom - box.bottom);
        return box.width && own.width && past > 2;
    }).map((text) => `"${text.textContent}" reaches past its drawing`);
})"""
# What axe need not see: it cannot tell what lies under a text in a drawing, and each token of code and each part of a formula
# is one more step of its way. The colours of figures are looked at in tests/figures, those of code in test_pages.py.
THIN = """() => {
    for (const drawn of document.querySelectorAll("article .tfm svg, article mjx-container")) drawn.replaceChildren();
    for (const code of document.querySelectorAll("article pre")) code.textContent = code.textContent;
}"""
RUN = "async (options) => (await axe.run(document, options)).violations"
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}


def cut(page: Page, where: str = ".cell_output, .cell_input") -> list[str]:
    """What is cut at the right, or would have to be scrolled to be read. On a phone code is, and what it puts out is not."""
    return page.evaluate(CUT, where) + outside(page)


def outside(page: Page) -> list[str]:
    """Texts of drawings, as they are drawn now, that reach past their drawing."""
    return page.evaluate(OUTSIDE)


def barriers(page: Page, *, colours: bool = False) -> list[str]:
    """What axe finds on the page as it is now that is serious or critical, each with the elements that have it.

    ``colours`` asks for these alone: all else is the same in light and dark. The page is of no further use for its figures.
    """
    page.evaluate(THIN)
    if not page.evaluate("typeof axe !== 'undefined'"):
        page.evaluate(AXE)
    # Without "preload" it would fetch the theme's style sheets once more, and miss what they import.
    found = page.evaluate(RUN, {"resultTypes": ["violations"], "preload": False} | (COLOURS if colours else {}))
    return [
        f"{one['id']} ({one['impact']}): {[(node['html'][:120], node['failureSummary']) for node in one['nodes'][:5]]}"
        for one in found
        if one["impact"] in GRAVE
    ]


def narrow(page: Page) -> None:
    """Make the page as narrow as a phone, and let its scripts see that."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(500)
