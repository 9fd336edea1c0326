"""Reads HTML pages as strictly as a browser is lenient."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import re

VOID = {"meta", "input"}
BLOCKS = {"td", "th", "li", "p", "h1", "h2", "h3", "h4", "summary", "text"}
ALLOWED_HREF = re.compile(r"#[A-Za-z0-9_.-]+|(?:\.\./)*[\w%./-]+")


class Page(html.parser.HTMLParser):
    """A parsed page; parsing fails if its tags are not balanced.

    `tags` has every start tag with its attributes, `ids` the anchors, `links` what is
    linked to, and `text` what a reader sees.
    """

    def __init__(self, source: str) -> None:
        """Parse the whole page."""
        super().__init__()
        self.source = source
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(source)
        self.close()
        assert self._open == [], f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        assert len({name for name, _ in attrs}) == len(attrs), f"{tag}: {attrs}"
        self.tags.append((tag, dict(attrs)))
        self.text += [" "] * (tag in BLOCKS)
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Expect the end of the tag that was opened last."""
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        """Note a text, but not the style."""
        if self._open[-1:] != ["style"]:
            self.text.append(data)

    def values(self, attribute: str) -> list[str]:
        """Return the values of an attribute, on whatever tag."""
        return [
            value or ""
            for _, attributes in self.tags
            for name, value in attributes.items()
            if name == attribute
        ]

    @property
    def skeleton(self) -> list[str]:
        """The tags in order, with the names of their attributes."""
        return [f"{tag} {' '.join(attributes)}" for tag, attributes in self.tags]

    def check(self) -> None:
        """Expect unique anchors, links that lead somewhere, and nothing loaded."""
        ids = self.values("id")
        assert len(ids) == len(set(ids))
        for href in self.values("href"):
            assert ALLOWED_HREF.fullmatch(href), href
            if href.startswith("#"):
                assert href[1:] in ids, href
        assert not {tag for tag, _ in self.tags} & {
            "script", "link", "img", "iframe", "object", "embed", "base", "form", "use",
        }  # fmt: skip
        names = {name for _, attributes in self.tags for name in attributes}
        assert not {name for name in names if name.startswith("on")}
        assert names.isdisjoint({"style", "src", "srcset", "action", "xlink:href"})
        style = self.source.partition("<style>")[2].partition("</style>")[0]
        assert "url(" not in style
        assert "@import" not in style
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        [policy] = (
            attributes["content"]
            for _, attributes in self.tags
            if attributes.get("http-equiv") == "Content-Security-Policy"
        )
        assert policy == (
            f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
            "form-action 'none'"
        )
        assert re.sub(r"\s", "", self.source).isprintable()
