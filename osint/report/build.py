"""The main job: findings for all sites as one page that opens offline, with tables, maps and figures beside it."""

from __future__ import annotations

import base64
import html
import shutil
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from osint import __version__, filings, geo, model, verdict
from osint.errors import OsintError
from osint.model import Score, show
from osint.register import QUANTITIES, Register, replace_file, write_csv
from osint.report import estimates, figures
from osint.verdict import Found

SOURCE = "Sources: data/raw/claims.csv, relations.csv, chips.csv (each row names its own). Documents to 2026-09; no imagery used. osint {version}."
PAPER = "On paper only"
PAGE_FONT = "osint page"


def write(register: Register, out: str | Path) -> tuple[Path, pd.DataFrame]:
    """Write the report folder and return the page's path and the summary table.

    The folder appears whole or not at all. It holds index.html, findings.csv, checks.csv, estimates.csv,
    next.csv, score.csv, sites.geojson, sites.kml and figures/ as PNG, SVG and PDF.
    """
    out = Path(out)
    part = out.with_name(out.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    steps = tqdm(total=5, desc="report", leave=False, disable=None)
    try:
        found = verdict.check(register)
        steps.update()
        scored = model.score(register)
        per_site = estimates.estimates(register)
        steps.update()
        pictures = _figures(register, per_site, scored)
        steps.update()
        summary = estimates.summarise(register, found, per_site)
        files = {f"figures/{name}.{kind}": body for name, kinds in pictures.items() for kind, body in kinds.items()}
        points = geo.places(register)
        files |= {"sites.geojson": geo.to_geojson(points), "sites.kml": geo.to_kml(points)}
        files["index.html"] = page(register, found, scored, per_site, summary, pictures).encode()
        steps.update()
        for name, body in files.items():
            replace_file(part / name, body)
        for name, frame in _frames(found, per_site, scored).items():
            write_csv(frame, part / f"{name}.csv")
        _swap(part, out)
        steps.update()
    except OSError as error:
        raise OsintError(
            f"the report could not be written to {out} ({error.strerror}); make room or name another folder with --out"
        ) from error
    finally:
        steps.close()
        shutil.rmtree(part, ignore_errors=True)
    return out / "index.html", summary


def _swap(part: Path, out: Path) -> None:
    old = out.with_name(out.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    part.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def _frames(found: Found, per_site: pd.DataFrame, scored: Score) -> dict[str, pd.DataFrame]:
    def flat(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.map(lambda c: "; ".join(map(str, c)) if isinstance(c, list) else c)

    steps = pd.concat([f.assign(site_id=s) for s, f in found.steps.items()], ignore_index=True)
    rounded = {
        c: lambda v: model.sig(v) if np.isfinite(v) else v for c in ("allowed_low", "allowed_best", "allowed_high")
    }
    short = found.findings.assign(**{c: found.findings[c].astype(float).map(f) for c, f in rounded.items()})
    return {
        "findings": flat(short),
        "checks": flat(found.checks),
        "estimates": per_site,
        "next": steps,
        "score": scored.rows,
    }


def _figures(register: Register, per_site: pd.DataFrame, scored: Score) -> dict[str, dict[str, bytes]]:
    source = SOURCE.format(version=__version__)
    announced = set(register.sites[register.sites["role"] == "announced"]["site_id"])
    names = register.sites.set_index("site_id")["name_display"]
    claims = register.claims[
        register.claims["site_id"].isin(announced)
        & (register.claims["rung"] != "")
        & (register.claims["error_test"] != "yes")
    ]
    dates = claims["value_date"].where(claims["value_date"] != "", claims["date"])
    ladder = pd.DataFrame(
        {
            "label": claims["site_id"] + "  " + claims["site_id"].map(names),
            "date": dates,
            "rung": claims["rung"],
            "will": claims["modality"].isin(["will", "would"]),
        }
    )
    ladder = ladder[ladder["date"].str[:4].between("2015", "2027")].sort_values(["label", "date"])
    points = geo.places(register)
    points = points[points["country"] == "CN"]
    own = per_site[per_site["site_id"].isin(announced)].assign(label=lambda t: t["site_id"] + "  " + t["label"])
    independent = scored.rows[(scored.rows["role"] == "independent") & scored.rows["best"].notna()]
    return {
        "a_claimed_and_allowed": figures.render(figures.allowed, own, estimates.supply_in_country(register), source),
        "b_ladder": figures.render(figures.ladder, ladder, source),
        "c_map": figures.render(figures.site_map, points, geo.circles(points), source + " Proxies: county seats."),
        "d_calibration": figures.render(
            figures.calibration,
            independent,
            scored.summary.iloc[0],
            "Source: data/raw/calibration.csv (each row names its own). Leave-one-out. osint " + __version__ + ".",
        ),
    }


def page(
    register: Register,
    found: Found,
    scored: Score,
    per_site: pd.DataFrame,
    summary: pd.DataFrame,
    pictures: dict[str, dict[str, bytes]],
) -> str:
    """The whole page as HTML: no script, nothing loaded from outside, every text of a source escaped."""
    style = resources.files("osint.report").joinpath("templates/style.css").read_text(encoding="utf-8")
    parts = [
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width'>",
        "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'\">",
        f"<title>Announced data centres: what the documents allow</title><style>{style}</style></head><body><main>",
        "<h1>Announced data centres in Xinjiang and Qinghai: what the documents allow</h1>",
        f"<p class=lead>{len(register.sites)} sites and places, {len(register.claims)} claims in {register.claims['independence_group'].nunique()} independent groups. <b>No chip has been seen, "
        "and no picture from space is used on this page.</b> A finding says what the other evidence leaves possible; it does not say what is inside a building.</p>",
        _legend(found), "<h2>All sites</h2>", _table(summary, link="site"),
    ]  # fmt: skip
    titles = {
        "a_claimed_and_allowed": "Chips claimed, and what each figure on file would allow", "b_ladder": "Claims on the ladder", "c_map": "Where the sites are said to be",
        "d_calibration": "How far the model can be trusted",
    }  # fmt: skip
    for name, title in titles.items():
        image = base64.b64encode(pictures[name]["png"]).decode()
        parts.append(
            f"<figure><img alt='{html.escape(title)}' src='data:image/png;base64,{image}'><figcaption>{html.escape(title)}. Also as figures/{name}.svg, .pdf and .png.</figcaption></figure>"
        )
    parts.append(_score_section(scored))
    for site in register.sites.to_dict("records"):
        parts.append(_site(site, register, found, per_site))
    parts += [_sources(register), "</main></body></html>\n"]
    return _with_font("\n".join(parts))


def _with_font(text: str) -> str:
    """Put the glyphs that the page needs into it, so that Chinese shows on any machine."""
    body = filings.font_subset(text)
    if body is None:
        return text
    face = f"@font-face{{font-family:'{PAGE_FONT}';src:url(data:font/woff;base64,{base64.b64encode(body).decode()})}}"
    return text.replace("<style>", "<style>" + face, 1)


def _legend(found: Found) -> str:
    counts = found.findings["finding"].value_counts()
    rows = "".join(
        f"<tr><td><span class='f {n.replace(' ', '-')}'>{n}</span></td><td class=n>{counts.get(n, 0)}</td><td>{html.escape(says)}</td></tr>"
        for n, says in verdict.FINDINGS.items()
    )
    return f"<h2>What the findings mean</h2><table><tr><th>finding</th><th>claims</th><th>means</th></tr>{rows}</table>"


def _table(frame: pd.DataFrame, link: str = "") -> str:
    head = "".join(f"<th>{html.escape(str(c))}</th>" for c in frame.columns)
    body = []
    for row in frame.to_dict("records"):
        cells = [
            f"<td><a href='#{html.escape(str(v))}'>{html.escape(str(v))}</a></td>"
            if k == link
            else f"<td>{html.escape(_cell(v))}</td>"
            for k, v in row.items()
        ]
        body.append("<tr>" + "".join(cells) + "</tr>")
    return f"<table><tr>{head}</tr>{''.join(body)}</table>"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if not np.isfinite(value) else show(value, 3)
    return str(value)


def _score_section(scored: Score) -> str:
    worse = scored.summary[(scored.summary["coverage"] < 0.85) | (scored.summary["median_factor"] > 2.2)]
    note = "; ".join(
        f"{r['kind']}: {r['covered']} of {r['rows']} covered, median factor {r['median_factor']:g}"
        for r in worse.to_dict("records")
    )
    return (
        "<h2>The score of the model</h2><p>Systems whose power or chips are published and independent of imagery; rows that set a relation are left out when it is scored.</p>"
        + _table(scored.summary)
        + (
            f"<p class=warn>Worse than the goal (coverage 85% or more, median factor 2.2 or less): {html.escape(note)}. With so few rows the coverage itself is uncertain, as its interval shows.</p>"
            if note
            else ""
        )
    )


def _site(site: dict, register: Register, found: Found, per_site: pd.DataFrame) -> str:
    sid = site["site_id"]
    known = (
        f"{site['lat']:.3f} N, {site['lon']:.3f} E, known to {geo.precision_km(site):.0f} km ({site['coord_level']}; datum {site['datum']})"
        if np.isfinite(site["lat"])
        else f"position not known ({site['coord_level'] or 'not found'})"
    )
    parts = [f"<section id='{html.escape(sid)}'><h2>{html.escape(sid)} {html.escape(site['name_en'])}</h2>"]
    parts.append(
        f"<p>{html.escape(site['name_zh'])}. {html.escape(known)}. On file: {html.escape(site['status'] or 'no status')}.</p>"
    )
    mine = found.findings[found.findings["site_id"] == sid]
    if not len(mine):
        return parts[0] + parts[1] + "<p>No claim on file.</p></section>"
    on_paper = per_site[per_site["site_id"] == sid]
    if len(on_paper):
        parts.append(
            f"<h3>{PAPER}: chips of H100 class that each figure would allow</h3>"
            + _table(on_paper[["basis", "given", "low", "best", "high", "claim_ids", "arithmetic"]])
        )
    stories = verdict.hypotheses(sid, register) if site["role"] in {"announced", "comparator"} else pd.DataFrame()
    if len(stories) and len(stories["rests_on"].iloc[0]) >= 2:
        stories["rests_on"] = stories["rests_on"].map(", ".join)
        says = "" if stories["separates"].iloc[0] else " The documents do not tell these stories apart."
        parts.append(
            f"<h3>Four stories</h3><p>Weights from the documents alone, from equal priors.{says}</p>"
            + _table(stories[["hypothesis", "says", "likelihood_ratio", "posterior", "rests_on"]])
        )
    claims = {r["claim_id"]: r for r in register.rows("claims", sid)}
    parts.append("<h3>Claims</h3>" + "".join(_claim(claims[r["claim_id"]], r) for r in mine.to_dict("records")))
    tests = found.checks[found.checks["site_id"] == sid]
    if len(tests):
        shown = tests.assign(claim_ids=tests["claim_ids"].map(", ".join))
        parts.append(
            "<h3>Cross-checks</h3>" + _table(shown[["check", "finding", "arithmetic", "says", "does_not_say"]])
        )
    steps = found.steps[sid]
    if len(steps):
        cut = steps[["rank", "observation", "now", "narrows_to", "turns", "where", "for_claim"]].rename(
            columns={
                "now": "width now (high/low)",
                "narrows_to": "expected width after",
                "turns": "chance that it turns the finding",
            }
        )
        parts.append("<h3>What would change our mind</h3>" + _table(cut))
    return "\n".join([*parts, "</section>"])


def _claim(claim: dict, f: dict) -> str:
    e = html.escape
    number = ""
    if f["claimed"] is not None and np.isfinite(f["claimed"]):
        number = f"{'at least ' if claim['bound'] == 'at least' else 'up to ' if claim['bound'] == 'at most' else ''}{show(f['claimed'], 3)} {f['unit']}"
    elif np.isfinite(claim["value_low"]):
        number = f"{show(claim['value_low'], 3)} {claim['unit']}"
    if claim["readings"]:
        number = (
            " or ".join(show(float(r), 3) for r in claim["readings"].split("|")) + f" {f['unit']}, both readings kept"
        )
    chance = ""
    if f["probability"] is not None and np.isfinite(f["probability"]):
        chance = f"<p>Chance that the other evidence allows it: {f['probability']:.0%} ({f['word']}).</p><p>Confidence in the evidence: {f['confidence']}.</p>"
    steps = "".join(f"<li>{e(line)}</li>" for line in f["arithmetic"])
    assumption = f"<p>At the edge: {e(f['assumption'])}</p>" if f["assumption"] else ""
    translated = f"<p class=tr>{e(claim['translation'])}</p>" if claim["translation"] else ""
    return (
        f"<details class=claim><summary><span class='f {f['finding'].replace(' ', '-')}'>{f['finding']}</span> <b>{claim['claim_id']}</b> {e(claim['quantity_kind'])} {e(number)}; "
        f"{e(claim['claimant'])}, {e(claim['date'] or 'undated')}; rung: {e(claim['rung'] or 'none')}</summary>"
        f"<blockquote lang={claim['quote_language']}>{e(claim['quote'])}</blockquote>{translated}<p>{e(f['shown'])} {e(f['not_shown'])}</p>{chance}{assumption}"
        f"<ul>{steps}</ul><p class=src>Rests on: {e(', '.join(f['rests_on']) or 'nothing')}. Source: {e(claim['source_publisher'])} ({e(claim['source_tier'])}), {e(claim['source_url'])}. "
        f"Group {e(claim['independence_group'])}: {e(claim['group_reason'])}. {e(claim['note'])}</p></details>"
    )


def _sources(register: Register) -> str:
    relations = register.relations[
        [
            "relation",
            "from",
            "to",
            "low",
            "best",
            "high",
            "unit",
            "country",
            "conditions",
            "used",
            "mark",
            "source",
            "note",
        ]
    ]
    chips = register.chips[
        [
            "chip",
            "it_kw_low",
            "it_kw_best",
            "it_kw_high",
            "fp16_dense_pflops",
            "fp16_sparse_pflops",
            "available_from",
            "export_to_china",
            "prior_cn",
            "prior_other",
            "mark",
            "source",
        ]
    ]
    quantities = pd.DataFrame({"quantity": list(QUANTITIES), "unit": [q.unit for q in QUANTITIES.values()]})
    blocks = [
        ("Relations", relations),
        ("Chips", chips),
        ("Discrete readings and their priors", register.readings),
        ("Quantities", quantities),
        ("Observations by others", register.observations),
    ]
    return "<h2>What the numbers rest on</h2>" + "".join(
        f"<details><summary>{title}</summary><div class=wide>{_table(frame)}</div></details>" for title, frame in blocks
    )
