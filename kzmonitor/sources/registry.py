"""All declared sources, found by being in a folder."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kzmonitor.errors import SetupError
from kzmonitor.i18n import _
from kzmonitor.sources.addresses import host_of
from kzmonitor.sources.declaration import Declaration, read
from kzmonitor.sources.mistakes import shown

DECLARATIONS = Path(__file__).parent / "declarations"


@dataclass(frozen=True)
class Registry:
    """The sources by slug, in the order of their slugs, and one error for each file that can't be used."""

    sources: dict[str, Declaration]
    errors: tuple[SetupError, ...]

    def owner(self, url: str) -> Declaration | None:
        """The source to which an address belongs, or None if no declared host is its host.

        Where sources share a host (the ministries on www.gov.kz), the one whose `url_id` fits.
        """
        try:
            host = host_of(url.strip())
        except ValueError:
            return None
        candidates = [source for source in self.sources.values() if host in source.known_hosts]
        fitting = [source for source in candidates if source.url_id and source.url_id.match(url.strip())]
        return next(iter(fitting or candidates), None)


def load(*folders: Path) -> Registry:
    """The declarations in `folders`, or those that come with the package.

    A file in a later folder replaces one of the same name in an earlier folder, also when it is broken:
    whoever set a proxy for a source must not see it requested without.
    """
    sources: dict[str, Declaration] = {}
    errors: list[SetupError] = []
    for path in _files(folders or (DECLARATIONS,), errors):
        sources.pop(path.stem, None)
        try:
            sources[path.stem] = read(path)
        except SetupError as error:
            errors.append(error)
    return Registry(dict(sorted(sources.items())), tuple(errors))


def _files(folders: Iterable[Path], errors: list[SetupError]) -> Iterable[Path]:
    for folder in folders:
        try:
            found = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        except OSError as error:
            problem = _("{folder}: no folder of declarations: {reason}")
            errors.append(SetupError(problem.format(folder=shown(folder), reason=error.strerror)))
            continue
        yield from (path for path in found if path.suffix == ".yml")
        for path in found:
            if path.suffix == ".yaml":
                problem = _("{folder}/{file}:1: name it {stem}.yml to have it read")
                errors.append(
                    SetupError(problem.format(folder=shown(folder.name), file=shown(path.name), stem=shown(path.stem)))
                )
