"""What shows that a page did something that no page of ours does: ran what it was told, asked others, moved apart."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page

# Runs in every page before anything else. A blocked inline script is a failure, too: it was markup, not text.
LISTEN = """
window.happened = [];
for (const name of ["alert", "confirm", "prompt", "print", "open"])
  window[name] = (said) => { window.happened.push(name + "(" + said + ")"); };
document.addEventListener("securitypolicyviolation", (event) => window.happened.push(
  "refused by the policy: " + event.violatedDirective + " " + event.blockedURI + " " + event.sample));
window.addEventListener("error", (event) => { if (event.message) window.happened.push("error: " + event.message); });
"""
# Elements and attributes that none of our templates writes.
STRANGE = """
() => {
  const strange = [];
  const foreign = new Set(
    ["IFRAME", "OBJECT", "EMBED", "STYLE", "BASE", "MARQUEE", "FRAME", "TEMPLATE", "PLAINTEXT", "XMP"]);
  const leading = /^(href|src|action|formaction|data|poster|srcset|xlink:href)$/;
  for (const element of document.querySelectorAll("*")) {
    const name = element.tagName.toUpperCase();
    if (foreign.has(name)) strange.push("element " + name);
    if (name === "SCRIPT" && !new URL(element.src, location).pathname.startsWith("/static/")) strange.push("a script");
    for (const { name: attribute, value } of element.attributes) {
      const told = attribute + "=" + value;
      if (attribute.startsWith("on") || attribute === "style" || attribute === "srcdoc") strange.push(told);
      if (!leading.test(attribute) || /^data:image\\/(png|svg\\+xml)[;,]/.test(value)) continue;
      let address;
      try { address = new URL(value, location); } catch { strange.push(told); continue; }
      if (!/^https?:$/.test(address.protocol)) strange.push(told);
      else if (attribute !== "href" && address.origin !== location.origin) strange.push(told);
    }
  }
  return strange;
}
"""
# The widest that stick out, by name, to find them.
TOO_WIDE = """
(width) => {
  const widest = document.scrollingElement.scrollWidth;
  if (widest <= width) return [];
  const told = (one) => one.tagName.toLowerCase() + "." + one.className + " " + one.textContent.trim().slice(0, 40);
  const out = [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > width + 1);
  return ["the page is " + widest + " wide"].concat(out.slice(0, 5).map(told));
}
"""


@dataclass
class Witness:
    """What happened on the pages that one browser page was led to, beside being shown."""

    page: Page
    origin: str
    asked: list[str] = field(default_factory=list)

    def look(self, path: str, *, open_all: bool = True) -> list[str]:
        """Open a page of ours and every fold in it; what should not have happened."""
        self.asked.clear()
        self.page.goto(self.origin + path)
        if open_all:
            self.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        return self.found()

    def found(self) -> list[str]:
        """What should not have happened on the page that is shown."""
        # The answer comes after the events that are already waiting.
        happened: list[Any] = self.page.evaluate(
            "() => new Promise((say) => setTimeout(() => say(window.happened), 0))"
        )
        strange = self.page.evaluate(STRANGE)
        return [*happened, *strange, *(f"asked for {address}" for address in self.asked)]

    def too_wide(self) -> list[str]:
        """What makes the page scroll sideways."""
        size = self.page.viewport_size
        assert size is not None
        return self.page.evaluate(TOO_WIDE, size["width"])


@contextmanager
def witness(page: Page, origin: str) -> Iterator[Witness]:
    """Watch this page of a browser from its next address on."""
    watching = Witness(page, origin)
    page.add_init_script(LISTEN)
    page.on("dialog", lambda dialog: (watching.asked.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
    page.context.on("page", lambda other: watching.asked.append(f"a window: {other.url}"))
    page.context.on(
        "request",
        lambda request: (
            None if request.url.startswith((origin + "/", "data:image/")) else watching.asked.append(request.url)
        ),
    )
    yield watching


def said(found: dict[str, list[str]]) -> str:
    """What was found on each page, a line each."""
    return "\n" + "\n".join(f"{path}: {what}" for path, several in found.items() for what in several)
