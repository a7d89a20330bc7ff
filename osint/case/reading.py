"""Documents of a case: what they claim waits for a person, who accepts, changes or rejects each claim.

What was read of a document is kept with the document itself under raw/review, by its SHA-256. Every decision is a line
of the sealed log raw/review.jsonl (`filings.review_faults` checks it).
"""

from __future__ import annotations

import datetime as dt
import html
import json
import math
import re
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from osint import files, filings
from osint.case.judged import sha256
from osint.claims import read_typed
from osint.errors import BadInputError, NotFoundError, UnreadableError
from osint.register import TIERS, read_day

if TYPE_CHECKING:
    from osint.case.case import Case
    from osint.case.changed import Entered

FOLDER = Path("raw") / "review"
LOG = Path("raw") / "review.jsonl"
MOST_BYTES = 64 << 20
UNSOURCED = "unsourced"
_DIGITS = 12
_FEWEST_KEY = 3
_SHOWN_QUOTE = 90
_READ_ONE = "osint extract FILE --into . --site SITE, in the folder of the case"


@dataclass(frozen=True)
class ReadDocument:
    """A document of which the claims were read, and what a row of the register says of it."""

    digest: str
    """SHA-256 of its bytes."""
    name: str
    """Name of the file, or its address."""
    about: dict[str, str]
    """Columns of claims.csv that are the same for all its claims."""
    claims: pd.DataFrame = field(repr=False)
    """Claims with the columns of `filings.claims_of`."""
    body: bytes = field(repr=False)

    def text(self) -> str:
        """Return where it is from, as the rows of its claims will say it."""
        about = self.about
        said = [about["date"] or "undated", about["source_publisher"], about["source_tier"], about["source_url"]]
        return f"from {self.name}: {', '.join(filter(None, said))}"

    def filing(self) -> filings.Filing:
        """Return it, read again."""
        return filings.parse(self.body, self.name)


class Review:
    """The claims of the documents of a case, with what was decided of each; a decision is written at once."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.documents = _documents(case.path / FOLDER)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # `faults` says it
            tables = [filings.start_review(one.claims, case.path / LOG) for one in self.documents]
        self.faults = tuple(filings.review_faults(case.path / LOG))
        """Lines of the log that do not count."""
        self._tables = tables

    @property
    def table(self) -> pd.DataFrame:
        """All claims, with `key`, `decision` and the columns of `filings.claims_of`."""
        return pd.concat(self._tables, ignore_index=True) if self._tables else pd.DataFrame(columns=["key", "decision"])

    @property
    def open(self) -> pd.DataFrame:
        """The claims of which nothing was decided."""
        return self.table[self.table["decision"] == ""]

    def waiting(self, site_ids: Collection[str] = ()) -> str:
        """Return how many claims of some sites, of all without one, wait for a decision; empty if none does."""
        read = zip(self.documents, self._tables, strict=True)
        own = [table for one, table in read if not site_ids or one.about["site_id"] in site_ids]
        many = sum(int((table["decision"] == "").sum()) for table in own)
        waits = "1 claim waits" if many == 1 else f"{many} claims wait"
        return f"{waits} in the review, and until it is decided no finding knows of it: `osint review`" if many else ""

    def accept(
        self,
        keys: Sequence[str],
        *,
        who: str,
        evidence: bool,
        part: str = "",
        translation: str = "",
        reason: str = "",
        when: str = "",
    ) -> Entered:
        """Accept claims as they were read, write them, and return the rows with the findings that they changed.

        `evidence` says whether they may be evidence for other claims: there is no default, for a claim that may not be
        tests nothing. `part` is the phase, building or lot of which they speak: only what was seen of the same part
        decides on them. A Chinese quote needs its `translation`. `when` is the day of the decision, today without it.
        """
        filed = _filed(part, evidence=evidence)
        signed = (who, _day(when), reason)
        return self._write(
            keys, lambda table, key: filings.accept_claim(table, key, *signed, translation=translation, filed=filed)
        )

    def reject(self, keys: Sequence[str], *, who: str, reason: str, when: str = "") -> Entered:
        """Reject claims, with the reason."""
        return self._write(keys, lambda table, key: filings.reject_claim(table, key, who, _day(when), reason))

    def change(
        self,
        key: str,
        *,
        who: str,
        reason: str,
        evidence: bool,
        part: str = "",
        translation: str = "",
        when: str = "",
        **new: Any,
    ) -> Entered:
        """Accept a claim with other values (see `filings.change_claim`), write it, and return what it changed."""
        known: dict[str, Any] = {"translation": translation, "filed": _filed(part, evidence=evidence)}
        known |= {"who": who, "when": _day(when), "reason": reason}
        return self._write([key], lambda table, one: filings.change_claim(table, one, **known, **new))

    def _write(self, keys: Sequence[str], decide: Callable[[pd.DataFrame, str], pd.DataFrame]) -> Entered:
        found = [self._find(key) for key in keys]
        if not found:
            raise BadInputError("name the claims by their keys, which `osint review` lists")
        decided: dict[int, pd.DataFrame] = {}
        for number, key in found:
            decided[number] = decide(decided.get(number, self._tables[number]), key)
        case, sites = self.case, {self.documents[number].about["site_id"] for number in decided}

        def write() -> None:
            for number, table in decided.items():
                chosen = table[table["key"].isin([key for n, key in found if n == number])]
                about = self.documents[number].about
                filings.write_reviewed(chosen, case.path / "raw" / "claims.csv", case.path / LOG, about)

        entered = case.change("claims", sites, write)
        self._tables = [decided.get(number, table) for number, table in enumerate(self._tables)]
        return entered

    def _find(self, key: str) -> tuple[int, str]:
        """Return the document and the key of the claim whose key begins so."""
        begins = key.strip().lower()
        hits = [(n, k) for n, table in enumerate(self._tables) for k in table["key"] if k.startswith(begins)]
        if len(begins) < _FEWEST_KEY or len(set(hits)) != 1:
            many = f"{len(hits)} claims have keys that begin so" if hits else "no claim has such a key"
            raise NotFoundError(f"{key!r}: {many}; `osint review` lists the keys, {_FEWEST_KEY} letters at least")
        return hits[0]

    def text(self) -> str:
        """Return the open claims, each with its key, reading and words, as plain text."""
        table = self.open
        if not self.documents:
            return "\n".join((f"no document was read into {self.case.name} yet: {_READ_ONE}", *self.faults))
        read = f"{len(self.documents)} document{'s' * (len(self.documents) > 1)}"
        lines = [f"{len(table)} of {len(self.table)} claims are open, of {read}"]
        site_of = {one.name: one.about["site_id"] for one in self.documents}
        for row in table.to_dict("records"):
            first, *others = read_as(row)
            lines += [f"  {row['key'][:6]}  {site_of.get(row['file'], '')}  {first}"]
            lines += [f"          {line}" for line in others]
        lines += [one.text() for one, held in zip(self.documents, self._tables, strict=True) if _is_open(held)]
        lines += [
            f"{one.name} is undated, so no finding knows of which day it speaks: read it again with --date YYYY-MM-DD "
            "before you decide"
            for one, decided in zip(self.documents, self._tables, strict=True)
            if not one.about["date"] and _is_open(decided)
        ]
        return "\n".join([*lines, *self.faults])

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        books = {one.name: one.filing() for one in self.documents}
        return filings.review_sheet(self.table, books) if len(self.table) else f"<p>{html.escape(self.text())}</p>"


def read_documents(
    case: Case,
    names: Sequence[str],
    site_id: str,
    *,
    publisher: str = "",
    claimant: str = "",
    tier: str = UNSOURCED,
    url: str = "",
    date: str = "",
    ocr: bool = False,
) -> Review:
    """Read what documents claim of a site into the review of a case, and return it; see `Case.extract`."""
    files.check_case(case.path)
    if tier not in TIERS:
        raise BadInputError(f"{tier!r} is not a kind of publisher; give one of {', '.join(TIERS)}")
    made = {}
    for name in names:
        filing = filings.open_filing(name, filings.parse_with_ocr if ocr else filings.parse)
        facts, digest = filings.about(filing), sha256(filing.data)
        by = publisher or facts.facts.publisher
        if not by:
            raise BadInputError(
                f"{name} does not say who published it: add --publisher 'NAME', as the county government"
            )
        day = read_day(date) if date else None
        table = filings.claims_of(filing, document=day)
        own = name if "://" in name else Path(name).name
        about = {
            "site_id": site_id,
            "claimant": claimant or by,
            "source_publisher": by,
            "source_tier": tier,
            "source_url": url or (filing.name if "://" in filing.name else ""),
            "date": day.isoformat() if day else facts.published,
            "independence_group": f"document {digest[:_DIGITS]}",
            "group_reason": "computed: the claims of one document are one source",
        }
        told = {"name": own, "sha256": digest, "about": about, "claims": _plain(table.assign(file=own))}
        made[digest] = (json.dumps(told, ensure_ascii=False, indent=1, allow_nan=False).encode(), filing.data)
    for digest, (told_of, body) in made.items():
        files.make_folder(case.path / FOLDER)
        files.replace_file(case.path / FOLDER / f"{digest[:_DIGITS]}.bin", body, private=True)
        files.replace_file(case.path / FOLDER / f"{digest[:_DIGITS]}.json", told_of, private=True)
    return Review(case)


def _is_open(table: pd.DataFrame) -> bool:
    return bool((table["decision"] == "").any())


def _filed(part: str, *, evidence: bool) -> dict[str, str]:
    return {"part": part, "evidence_use": "yes" if evidence else "no"}


def _documents(folder: Path) -> list[ReadDocument]:
    """Return the documents of a folder of reviews, by digest; raises UnreadableError for a damaged one."""
    found = []
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        body = files.read_regular(path.with_suffix(".bin"), MOST_BYTES)
        try:
            told = json.loads(files.read_regular(path, MOST_BYTES))
            digest, name, about = told["sha256"], told["name"], told["about"]
            claims = pd.DataFrame(told["claims"]["rows"], columns=told["claims"]["columns"])
            whole = all(isinstance(v, str) for v in (digest, name, *about.values(), about["site_id"]))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise UnreadableError(
                f"{path.name} is damaged ({error}); take it away and read the document again"
            ) from error
        if not whole or sha256(body) != digest or not path.stem == digest[:_DIGITS]:
            raise UnreadableError(f"{path.name} does not fit its document; take both away and read the document again")
        found.append(ReadDocument(digest, name, about, _typed(claims), body))
    return found


def _plain(table: pd.DataFrame) -> dict[str, Any]:
    """Return a frame of claims as JSON keeps it: nothing for what is not a number."""
    rows = [[None if filings.is_missing(v) else _python(v) for v in row] for row in table.to_numpy(object)]
    return {"columns": list(table.columns), "rows": rows}


def _python(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


_NUMBERS = ("low", "high", "si_low", "si_high")


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    return table.astype(dict.fromkeys([name for name in _NUMBERS if name in table], float))


def _day(when: str) -> str:
    return when or dt.date.today().isoformat()


def read_as(row: Mapping[str, Any]) -> list[str]:
    """Return a row of `filings.claims_of` in lines: the value with what was read of it, its words, and the doubt."""
    ends = [f"{row[name]:,.12g}" for name in ("low", "high") if not filings.is_missing(row[name])]
    bound = "" if row["qualifier"] in {"exact", "range"} else f"{row['qualifier']} "
    per = f" per {row['per']}" if row["per"] else ""
    value = bound + " to ".join(dict.fromkeys(ends)) + f" {row['unit']}{per}" if ends else "no value"
    # "running" alone would read as what is there: a plan says so
    stage = f"{row['aim']} ({str(row['modality']).replace('_', ' ')})" if row["aim"] and row["modality"] else row["aim"]
    said = " ".join(str(part) for part in (row["kind"], stage, row["chip_model"], row["date"]) if str(part).strip())
    return [
        f"{value}: {said}",
        row["sentence"][:_SHOWN_QUOTE],
        *([f"doubt: {row['warning']}"] if row["warning"] else []),
    ]


def changed_values(texts: Sequence[str]) -> dict[str, str | float]:
    """Read values that a person changes, each NAME=VALUE; raises BadInputError for another form or a bad number."""
    values: dict[str, str | float] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not name.isidentifier():
            raise BadInputError(f"{text!r} is not NAME=VALUE, as low=12000 or chip_model=H100")
        values[name] = _plain_number(name, value) if name in _NUMBERS else value
    return values


def _plain_number(name: str, text: str) -> float:
    """Read a number in the unit of its claim; nan leaves it open."""
    if text.lower() == "nan":
        return math.nan
    try:
        if not re.fullmatch(r"[\d.,]+(?:[eE][+-]?\d+)?", text):
            raise BadInputError(f"{text!r} is more than a number")
        return read_typed(text, "count")[0] or 0.0
    except BadInputError as error:
        raise BadInputError(
            f"{error}; {name} is a number in the unit of the claim, as {name}=33,000 or {name}=3.3, and another unit "
            "or scale is said by itself: --set unit=㎡"
        ) from error
