"""Columns of every evidence table: kind, limits, allowed words, and the rules between columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

LADDER = ("announced", "filed", "ground broken", "roofed", "powered", "running")
TIERS = (
    "primary_government", "local_government", "primary_reporting", "company_filing", "company_filing_copy",
    "company_release", "news_on_court_record", "state_media", "local_media", "broadcast", "trade_press",
    "research", "tender_digest", "mirror", "secondary", "blog", "unsourced",
)  # fmt: skip
PHASES = ("planned", "tendered", "under construction", "operating", "cancelled")
UNITS = (
    "chips", "servers", "racks", "PFLOPS", "MW", "GWh/yr", "m2", "mu", "CNY", "USD", "ratio", "percent", "projects",
    "count", "tce/yr", "date",
)  # fmt: skip
KINDS = (
    "chips", "servers", "racks", "PFLOPS", "power_MW", "generation_MW", "battery_MW", "energy_GWh_per_yr", "floor_m2",
    "land_m2", "land_mu", "investment_CNY", "investment_USD", "value_USD", "PUE", "share_pct", "ratio", "project_count",
    "tonnes_coal_equiv", "start_date", "milestone_date", "completion_date", "status", "location",
)  # fmt: skip
KIND_UNITS = {
    "chips": "chips", "servers": "servers", "racks": "racks", "PFLOPS": "PFLOPS", "power_MW": "MW", "generation_MW": "MW",
    "battery_MW": "MW", "energy_GWh_per_yr": "GWh/yr", "floor_m2": "m2", "land_m2": "m2", "land_mu": "mu",
    "investment_CNY": "CNY", "investment_USD": "USD", "value_USD": "USD", "share_pct": "percent", "ratio": "ratio",
    "tonnes_coal_equiv": "tce/yr",
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column: kind is text, number, one of, date or id."""

    name: str
    kind: str = "text"
    required: bool = False
    low: float = -1e18
    high: float = 1e18
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """A rule between columns: which rows break it, the column to name and what was expected."""

    column: str
    expected: str
    broken: Callable[[pd.DataFrame], np.ndarray]


@dataclass(frozen=True)
class Schema:
    """Columns in order, and rules."""

    columns: tuple[Column, ...]
    rules: tuple[Rule, ...] = ()


def _text(*names: str, required: bool = False) -> tuple[Column, ...]:
    return tuple(Column(n, required=required) for n in names)


def _positive(*names: str, required: bool = False) -> tuple[Column, ...]:
    return tuple(Column(n, "number", required, low=0) for n in names)


def _one(name: str, *allowed: str, required: bool = False) -> Column:
    return Column(name, "one of", required, allowed=allowed)


def _ordered(low: str, high: str, expected: str) -> Rule:
    return Rule(low, expected, lambda t: (t[low] > t[high]).to_numpy())


LOW_BEST_HIGH = (
    _ordered("low", "best", "a low that is at most best"),
    _ordered("best", "high", "a best that is at most high"),
    _ordered("low", "high", "a low that is at most high"),
)

SCHEMAS: dict[str, Schema] = {
    "sites": Schema(
        (
            Column("site_id", "id", True), *_text("name_en", required=True), *_text("name_zh", "operator_owner", "county", "prefecture", "province"),
            *_text("country", required=True), Column("lat", "number", low=-90, high=90), Column("lon", "number", low=-180, high=180),
            *_positive("coord_precision_km"), *_text("coord_level", "coord_source", "status"), Column("first_announced"),
            *_text("notes", "source_urls"), _one("datum", "WGS-84", "GCJ-02", "BD-09", "unknown"), *_text("datum_reason", "name_display"),
            _one("role", "aggregate", "announced", "comparator", "reference", required=True),
        ),
        (
            Rule("lat", "a latitude and a longitude, or neither", lambda t: (t["lat"].isna() != t["lon"].isna()).to_numpy()),
            Rule("coord_precision_km", "a precision in km for every coordinate", lambda t: (t["lat"].notna() & t["coord_precision_km"].isna()).to_numpy()),
            Rule("datum", "a datum for every coordinate", lambda t: (t["lat"].notna() & (t["datum"] == "")).to_numpy()),
        ),
    ),
    "claims": Schema(
        (
            Column("claim_id", "id", True), *_text("site_id", "claimant", "source_publisher", required=True),
            _one("source_tier", *TIERS, required=True), *_text("source_url"), Column("date", "date"), *_text("quote", required=True),
            _one("quote_language", "en", "zh", required=True), *_text("translation"), _one("quantity_kind", *KINDS, required=True),
            *_positive("value_low", "value_high"), _one("unit", *UNITS), Column("value_date", "date"), *_text("chip_model"),
            _one("phase", *PHASES), _one("reading_confidence", "high", "medium", "low", required=True), *_text("note", "unit_as_recorded"),
            *_text("scope"), _one("precision", "not stated", "dense", "sparse"), _one("rung", *LADDER), *_text("rung_reason"),
            _one("modality", "has", "will", "would", "can carry", "denied"), _one("bound", "exact", "at least", "at most", "range", "about"),
            *_text("independence_group", "group_reason", required=True), _one("error_test", "yes", "no"), _one("evidence_use", "yes", "no", required=True),
            *_text("evidence_reason", "readings", "part"),
        ),
        (
            _ordered("value_low", "value_high", "a value_low that is at most value_high"),
            Rule("unit", "the unit of its quantity_kind", lambda t: (t["quantity_kind"].map(KIND_UNITS).notna() & (t["quantity_kind"].map(KIND_UNITS) != t["unit"])).to_numpy()),
            Rule("translation", "a translation of a Chinese quote", lambda t: ((t["quote_language"] == "zh") & (t["translation"] == "")).to_numpy()),
        ),
    ),
    "observations": Schema(
        (
            Column("observation_id", "id", True), *_text("site_id", "observer", "how", required=True), Column("date", "date", True),
            *_text("quantity"), *_positive("low", "best", "high"), *_text("unit", "scope"), _one("rung", *LADDER), _one("not_yet", *LADDER), *_text("independence_group", "source_claim_id"),
            *_text("source_url", "quote", "note"),
        ),
        LOW_BEST_HIGH,
    ),
    "relations": Schema(
        (
            Column("relation", "id", True), *_text("from", "to", required=True), *_positive("low", "best", "high"), *_text("unit"), _one("country", "CN", "other"),
            *_text("conditions"), _one("used", "network", "reference", required=True), _one("mark", "published", "derived", "relayed", "judgement", required=True),
            *_text("source", required=True), *_text("note"),
        ),
        (*LOW_BEST_HIGH, Rule("best", "low, best and high for a relation that the network uses", lambda t: ((t["used"] == "network") & t[["low", "best", "high"]].isna().any(axis=1)).to_numpy())),
    ),
    "relation_support": Schema((*_text("relation", "site", required=True), *_positive("low", "best", "high", required=True), *_text("source")), LOW_BEST_HIGH),
    "chips": Schema(
        (
            Column("chip", "id", True), *_text("family", required=True), *_positive("tdp_kw", "server_share_kw"), *_positive("it_kw_low", "it_kw_best", "it_kw_high", required=True),
            *_positive("full_load_kw_low", "full_load_kw_best", "full_load_kw_high"), *_positive("fp16_dense_pflops", "fp16_sparse_pflops", "fp8_dense_pflops", "fp8_sparse_pflops", "pflops_spread"),
            Column("available_from", "number", True, low=2010, high=2040), *_text("export_to_china", required=True),
            Column("prior_cn", "number", True, low=0, high=1), Column("prior_other", "number", True, low=0, high=1),
            _one("mark", "published", "derived", "relayed", "judgement", required=True), *_text("source", required=True), *_text("note"),
        ),
        (_ordered("it_kw_low", "it_kw_best", "an it_kw_low that is at most it_kw_best"), _ordered("it_kw_best", "it_kw_high", "an it_kw_best that is at most it_kw_high")),
    ),
    "readings": Schema((*_text("reading", "option", required=True), Column("prior", "number", True, low=0, high=1), *_text("applies_to", "reason", required=True))),
    "calibration": Schema(
        (
            *_text("site", "country", "observable_kind", required=True), *_positive("observable_value", required=True), *_text("truth_kind", required=True),
            *_positive("truth_low", "truth_best", "truth_high", required=True), *_text("as_of", "source_url", "note"), Column("calibration_id", "id", True), *_text("chip"),
            _one("form", "8-GPU", "4-GPU", "GH200", "PCIe", "mixed"), _one("role", "independent", "consistency", "control", required=True), *_text("role_reason"),
            _one("truth_is", "design", "installed", "measured"),
        ),
        (_ordered("truth_low", "truth_best", "a truth_low that is at most truth_best"), _ordered("truth_best", "truth_high", "a truth_best that is at most truth_high")),
    ),
}  # fmt: skip
