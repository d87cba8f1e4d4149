#!/usr/bin/env python3
"""Prints figures on how readable the code is: `infra/readability.py` for the working tree, `infra/readability.py REV …` to compare
it with commits. It checks nothing; that is done by check-architecture.py and check-documents.py."""

import importlib.machinery
import importlib.util
import re
import subprocess
import sys
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Words that had a meaning in this project only, and were replaced by standard terms.
COINED = (
    r"fair_line|work_off|in_hand|take_in|roster|hand_over|yielded|told|untold|look(?:ed|ing)?_?(?:back|at)|revived?|(?<!dead.)letters?|"
    r"dice|booked_?out|book(?:ings|ed)?|mishaps?|weather|sky|stand_in|nameless|frail|swift_clock|heard|is no [a-z]+"
)


def check_architecture():
    loader = importlib.machinery.SourceFileLoader("check_architecture", str(ROOT / "infra/check-architecture.py"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def production(files):
    for file in files:
        if not re.search(r"(^|/)(tests|benches|examples|fuzz)/", file.as_posix()):
            yield file, re.split(r"#\[cfg\(test\)\]", file.read_text())[0]


def figures(tree):
    sources = [file for file in tree.rglob("*.rs") if "target" not in file.relative_to(tree).parts]
    blocks = []
    longest_file, longest_function = 0, 0
    lines = {"production": 0, "tests and scaffolding": 0}
    scaffolding = re.compile(r"/(tests|examples)/|/(testkit|scenarios|chaos|benchmarks|management-api-simulator)/")
    for file in sources:
        kind = "tests and scaffolding" if scaffolding.search(file.as_posix()) else "production"
        code = file.read_text()
        own = re.split(r"#\[cfg\(test\)\]", code)[0] if kind == "production" else code
        lines[kind] += own.count("\n")
        lines["tests and scaffolding"] += code.count("\n") - own.count("\n")
        if kind == "production":
            longest_file = max(longest_file, own.count("\n"))
            for function in re.finditer(r"^( *)(?:pub(?:\(\w+\))? )?(?:async )?fn [^;{]*\{$.*?^\1\}", own, re.M | re.S):
                longest_function = max(longest_function, function.group(0).count("\n") + 1)
            blocks += re.findall(r"(?:^ *//[/!].*\n)+", own, re.M)
    texts = [" ".join(re.sub(r"^ *//[/!]", "", line) for line in block.splitlines()) for block in blocks]
    short = sum(len(text.split()) <= 5 for text in texts)
    documents = [file for file in tree.rglob("*.md") if "target" not in file.parts and ".venv" not in file.parts]
    coined = re.compile(rf"(?<![a-z])(?:{COINED})(?![a-z])", re.I)
    hits = sum(len(coined.findall(file.read_text())) for file in [*sources, *documents])
    architecture = check_architecture()
    crates = [toml for toml in tree.glob("*/*/Cargo.toml")]
    circles = sum(len(list(architecture.circles({"name": "", "manifest_path": str(crate)}))) for crate in crates)
    named_tests = sum(len(re.findall(r"#\[(?:tokio::)?test\]", file.read_text())) for file in sources)
    macro_tests = sum(len(re.findall(r"^    fn \w+\(.* in ", file.read_text(), re.M)) for file in sources)
    tuples = sum(len(re.findall(r"assert(?:_eq|_ne)?!\(\s*\((?![^()]*\)\.)", file.read_text())) for file in sources)
    return {
        "lines of README.md": (tree / "README.md").read_text().count("\n"),
        "circles of imports": circles,
        "doc comments of five words or fewer": f"{short} of {len(blocks)} ({100 * short / len(blocks):.0f} %)",
        "coined words, in code and documents": hits,
        "lines of production code": lines["production"],
        "lines of tests and scaffolding": lines["tests and scaffolding"],
        "longest production file": longest_file,
        "longest production function": longest_function,
        "tests (#[test] and properties)": named_tests + macro_tests,
        "asserts on tuples": tuples,
    }


def main():
    columns = {}
    for revision in sys.argv[1:]:
        archive = subprocess.run(["git", "-C", ROOT, "archive", revision], check=True, stdout=subprocess.PIPE).stdout
        with tempfile.TemporaryDirectory() as folder:
            tarfile.open(fileobj=BytesIO(archive)).extractall(folder, filter="data")
            columns[revision] = figures(Path(folder))
    columns["working tree"] = figures(ROOT)
    print(f"{'':<40}" + "".join(f"{name:>22}" for name in columns))
    for row in columns["working tree"]:
        print(f"{row:<40}" + "".join(f"{column[row]!s:>22}" for column in columns.values()))


main()
