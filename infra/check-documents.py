#!/usr/bin/env python3
"""Checks what the documents say about the repository:

- a relative link points to a file that exists, and a #anchor to a heading in it;
- a test, written as `crate::module::test_name`, exists in the source. The crate is a package's folder name and the module
  a file's name without `.rs`. In a table column headed "shown by" nothing else may stand in backticks, except for
  `crate::module` (all tests of that file);
- an error message quoted in a table column headed "message or code" can be found in the source of the product. `…` stands
  for the parts that vary.

Prints every violation as FILE:LINE: …, with the closest match; exit code 1 if there is one.
"""

import re
import sys
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent
IGNORED = {"target", ".venv", ".venv-localstack", ".git", ".aws-sam", ".demo"}
PRODUCT = ["functions/*/src", *(f"crates/{crate}/src" for crate in (
    "collector", "management-api", "record-stream", "aws-adapters", "lambda-support", "composition"))]  # fmt: skip

TEST = re.compile(
    r"#\[(?:\w+::)*test(?:\([^\]]*\))?\]\s*(?:(?:#\[[^\n]*\]|//[^\n]*)\s*)*(?:pub(?:\([^)]*\))?\s+)?(?:async\s+)?fn\s+(\w+)"
)
CODE = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)|^\[[^\]]+\]:\s*(\S+)")


def files(pattern):
    for path in sorted(ROOT.rglob(pattern)):
        if not IGNORED.intersection(path.relative_to(ROOT).parts):
            yield path


def tests():
    """(crate, module) → names of its tests, for every source file, tests or not."""
    found = {}
    for source in files("*.rs"):
        folders = source.relative_to(ROOT).parts
        if folders[0] in ("crates", "functions"):
            module = source.parent.name if source.name == "mod.rs" else source.stem
            names = found.setdefault((folders[1].replace("-", "_"), module), [])
            names += TEST.findall(source.read_text())
    return found


def lines(document):
    """(line number, text, whether it is code, headings of the columns where it is the row of a table)."""
    fenced, header = None, None
    previous = ""
    for number, text in enumerate(document.read_text().splitlines(), 1):
        fence = re.match(r"\s*(```+|~~~+)", text)
        if fence and (fenced is None or text.strip() == fenced):
            fenced = fence[1] if fenced is None else None
            yield number, text, True, None
            continue
        if not text.lstrip().startswith("|"):
            header = None
        elif re.fullmatch(r"[\s|:-]+", text) and "-" in text:
            header = cells(previous)
        yield number, text, fenced is not None, header
        previous = text


def cells(row):
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip().strip("|"))]


def column(row, header, heading):
    """The cell of `row` below `heading`, if the table has such a column."""
    if not header or heading not in header or re.fullmatch(r"[\s|:-]+", row):
        return ""
    return dict(zip(header, cells(row))).get(heading, "")


def anchors(document, cache={}):
    """The anchors that GitHub makes of a document's headings."""
    if document not in cache:
        found = []
        for _, text, is_code, _ in lines(document):
            heading = None if is_code else re.match(r"#{1,6}\s+(.*?)\s*#*$", text)
            if heading:
                shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).replace("`", "")
                slug = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
                repeats = sum(1 for known in found if known == slug or re.fullmatch(re.escape(slug) + r"-\d+", known))
                found.append(f"{slug}-{repeats}" if repeats else slug)
        cache[document] = found
    return cache[document]


def closest(name, known):
    matches = get_close_matches(name, list(known), 3, 0.4)
    return "; the closest: " + ", ".join(matches) if matches else ""


def link(document, target):
    if re.match(r"[a-z][a-z0-9+.-]*:|//", target):
        return
    path, _, anchor = unquote(target).partition("#")
    linked = (document.parent / path).resolve() if path else document
    if not linked.exists():
        name = str(linked.relative_to(ROOT)) if linked.is_relative_to(ROOT) else target
        known = (str(file.relative_to(ROOT)) for file in files("*") if file.is_file())
        yield f"the link {target} points to no file" + closest(name, known)
    elif anchor and linked.suffix == ".md" and anchor not in anchors(linked):
        yield f"the link {target} names no heading of {linked.relative_to(ROOT)}" + closest(anchor, anchors(linked))


def test(words, known):
    crate, module, *name = words
    if (crate, module) not in known:
        where = [] if not name else ["::".join((c, m)) for (c, m), names in known.items() if name[0] in names]
        hint = f"; {name[0]} is in {', '.join(where)}" if where else ""
        modules = ("::".join(place) for place in known)
        yield f"there is no source file {crate}::{module}" + (hint or closest(f"{crate}::{module}", modules))
    elif not known[crate, module]:
        yield f"{crate}::{module} has no tests"
    elif name and name[0] not in known[crate, module]:
        where = ["::".join((c, m)) for (c, m), names in known.items() if name[0] in names]
        hint = f"; it is in {', '.join(where)}" if where else closest(name[0], known[crate, module])
        everywhere = (test for names in known.values() for test in names)
        yield f"{crate}::{module} has no test {name[0]}" + (hint or closest(name[0], everywhere))


def message(text, source, literals):
    for part in re.split(r"…", text):
        part = part.strip(" :[]")
        if len(part) > 3 and part not in source:
            yield f"no message of the product contains {part!r}" + closest(part, literals)


def main():
    known = tests()
    crates = {crate for crate, _ in known}
    sources = (source for folder in PRODUCT for source in sorted(ROOT.glob(folder + "/**/*.rs")))
    product = " ".join(source.read_text() for source in sources)
    # A string may go on in the next line after a backslash.
    product = re.sub(r"\\\n\s*", "", product)
    product = product.replace('\\"', '"')
    literals = {text for text in re.findall(r'"([^"\n]{8,})"', product) if " " in text}

    violations = []
    for document in files("*.md"):
        for number, text, is_code, header in lines(document):
            if is_code:
                continue
            found = []
            without_code = CODE.sub("``", text)
            for inline, reference in LINK.findall(without_code):
                found += link(document, inline or reference)
            shown_by = CODE.findall(column(text, header, "shown by"))
            for span in CODE.findall(text):
                words = span.split("::")
                is_name = all(re.fullmatch(r"[a-z_0-9]+", word) for word in words)
                if is_name and (len(words) == 3 and words[0] in crates or len(words) == 2 and span in shown_by):
                    found += test(words, known)
                elif span in shown_by:
                    found.append(f"`{span}` is not a test: write crate::module::test_name")
            for span in CODE.findall(column(text, header, "message or code")):
                if " " in span:
                    found += message(span, product, literals)
            violations += [f"{document.relative_to(ROOT)}:{number}: {problem}" for problem in found]
    for violation in violations:
        print(violation, file=sys.stderr)
    sys.exit(1 if violations else 0)


if __name__ == "__main__":
    main()
