"""Writes the repository's address into what is released.

Only the job that releases knows it: `PROJECT_URL`. PyPI shows the README far from the
files that it links to, so there its links lead to those of the released tag. Without
an address nothing is invented: the README stays as it is, and there are no URLs.
"""

from __future__ import annotations

import os
import pathlib
import re

from hatchling.metadata.plugin.interface import MetadataHookInterface

RELATIVE = re.compile(r"\]\((?P<path>(?!#|[a-z]+:)[^)\s]+)\)")


class CustomMetadataHook(MetadataHookInterface):
    """Fills in the fields that `pyproject.toml` declares dynamic."""

    def update(self, metadata: dict[str, object]) -> None:
        """Set the README, and the URLs where they are known."""
        text = pathlib.Path(self.root, "README.md").read_text(encoding="utf-8")
        if url := os.environ.get("PROJECT_URL", "").rstrip("/"):
            files = f"{url}/blob/v{metadata['version']}"
            text = RELATIVE.sub(rf"]({files}/\g<path>)", text)
            metadata["urls"] = {
                "Repository": url,
                "Documentation": f"{files}/docs/contents.md",
                "Changelog": f"{files}/CHANGELOG.md",
                "Issues": f"{url}/issues",
            }
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
