"""Join claims that one sentence carries across mirrors, and show the copies that changed a number."""

from __future__ import annotations

import re
from collections import defaultdict

import pandas as pd

from osint.claims.normal import fold
from osint.register import TIERS

_SHINGLE = 3
_ALIKE = 0.5  # share of the shorter sentence's shingles that a copy keeps when synonyms are swapped in
_COMMON = 60  # a shingle in more sentences than this says nothing about copying
_PLAIN = re.compile(r"[\d\s.,%、。，；;:：!！?？\"'“”()（）万亿千百余多约近超过达到的了]+")


def _shingles(sentence: str) -> frozenset[str]:
    """Return the runs of three characters of a sentence without its numbers."""
    plain = _PLAIN.sub("", fold(sentence).text.lower())
    return frozenset(plain[i : i + _SHINGLE] for i in range(max(len(plain) - _SHINGLE + 1, 0)))


def group_copies(claims: pd.DataFrame) -> pd.DataFrame:
    """Return the claims with the columns `independence_group`, `earliest`, `most_official` and `mutation`.

    `claims` has the columns of `claims.COLUMNS`, and may have `published` (ISO date) and `source_tier`.
    Claims of one kind whose sentences share half of the shorter one's shingles, numbers aside, are one
    group: copying swaps synonyms and drops a 万, it does not make a second witness.  `earliest` and
    `most_official` name a file; `mutation` says what a later copy made of the number of the earliest.
    Two claims of one file are never joined.
    """
    out = claims.reset_index(drop=True).copy()
    shingles = [_shingles(sentence) for sentence in out["sentence"]]
    parent = list(range(len(out)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    holders: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, words in enumerate(shingles):
        shared: dict[int, int] = defaultdict(int)
        for word in sorted(words):
            here = holders[out["kind"].iat[index], word]
            if len(here) <= _COMMON:
                for other in here:
                    shared[other] += 1
            here.append(index)
        for other, count in sorted(shared.items()):
            alike = count >= _ALIKE * min(len(words), len(shingles[other]))
            if alike and out["file"].iat[other] != out["file"].iat[index] and _same_place(out, other, index):
                parent[root(index)] = root(other)
    out["independence_group"] = [f"G{root(index) + 1:04d}" for index in range(len(out))]
    _name_sources(out)
    return out


def _same_place(out: pd.DataFrame, one: int, other: int) -> bool:
    """Say whether two claims are the same one of their sentence: the first of its kind, the second, ..."""
    return _rank(out, one) == _rank(out, other)


def _rank(out: pd.DataFrame, index: int) -> int:
    row = out.iloc[index]
    same = (out["file"] == row["file"]) & (out["sentence"] == row["sentence"]) & (out["kind"] == row["kind"])
    return int((out.loc[same, "start"] < row["start"]).sum())


def _name_sources(out: pd.DataFrame) -> None:
    published = out["published"].astype(str) if "published" in out else pd.Series("", index=out.index)
    tier = out["source_tier"] if "source_tier" in out else pd.Series("unsourced", index=out.index)
    order = pd.DataFrame({
        "date": published.where(published != "", "9999"),
        "tier": tier.map({name: place for place, name in enumerate(TIERS)}).fillna(len(TIERS)),
        "file": out["file"],
    })  # fmt: skip
    for name in ("earliest", "most_official", "mutation"):
        out[name] = ""
    for _, rows in out.groupby("independence_group", sort=False):
        first = order.loc[rows.index].sort_values(["date", "tier", "file"]).index[0]
        official = order.loc[rows.index].sort_values(["tier", "date", "file"]).index[0]
        out.loc[rows.index, "earliest"] = out.at[first, "file"]
        out.loc[rows.index, "most_official"] = out.at[official, "file"]
        for index in rows.index:
            out.at[index, "mutation"] = _mutation(out.loc[first], out.loc[index])


def _mutation(first: pd.Series, copy: pd.Series) -> str:
    a, b = (row["si_low"] if pd.notna(row["si_low"]) else row["si_high"] for row in (first, copy))
    if pd.isna(a) or pd.isna(b) or a == b:
        return ""
    ratio = max(a, b) / min(a, b) if min(a, b) else float("inf")
    lost = "; a 万 was lost or added" if abs(ratio - 1e4) < 1 else ""
    return f"{first['quote']} became {copy['quote']} ({a:g} to {b:g} {first['si_unit']}{lost})"
