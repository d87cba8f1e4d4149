#!/usr/bin/env python3
"""Checks the architecture: which crates may depend on which, what the domain must never depend on, that the modules of a crate do
not import each other in a circle, and that no crate declares a dependency that it does not use. Prints every violation; exit
code 1 if there is one."""

import json
import re
import subprocess
import sys
from pathlib import Path

FUNCTION = {"composition", "lambda-support", "collector"}
ANYTHING = None

# crate: (the crates of this workspace that it may depend on, those that its tests may depend on besides)
EDGES = {
    "poller": (FUNCTION, set()),
    "fetcher": (FUNCTION, set()),
    "reconciler": (FUNCTION, {"testkit"}),
    "composition": ({"management-api", "aws-adapters", "lambda-support", "collector"}, set()),
    "lambda-support": ({"collector"}, set()),
    "management-api": ({"collector"}, {"management-api-simulator", "testkit"}),
    "aws-adapters": ({"collector"}, {"testkit"}),
    "testkit": ({"collector"}, set()),
    "collector": ({"record-stream"}, {"testkit"}),
    "record-stream": (set(), set()),
    "management-api-simulator": (set(), set()),
    "benchmarks": ({"collector", "management-api", "management-api-simulator", "testkit"}, set()),
    "chaos": ({"collector", "management-api", "management-api-simulator", "testkit"}, set()),
    "scenarios": (ANYTHING, ANYTHING),
}

# crate: what must not be anywhere in its dependency tree
NEVER = {
    "collector": r"tokio|reqwest|hyper|rustls|aws[-_].*|lambda[-_].*",
    "record-stream": r"tokio|futures.*|reqwest|hyper|aws[-_].*|lambda[-_].*",
}


def edges(crate, dependencies, ours):
    if crate not in EDGES:
        yield f"{Path(__file__).name} has no rule for {crate}: add what it may depend on to EDGES"
        return
    allowed, allowed_in_tests = EDGES[crate]
    for dependency in dependencies:
        name = dependency["name"]
        permitted = allowed
        if dependency["kind"] == "dev" and allowed is not ANYTHING:
            permitted = allowed | allowed_in_tests
        if name in ours and permitted is not ANYTHING and name not in permitted:
            yield f"{crate} must not depend on {name}" + (", not even in tests" if dependency["kind"] == "dev" else "")


def never(crate, tree):
    """Follows normal dependencies from `crate`; `tree` is crate id → (name, ids it depends on)."""
    start = next(id for id, (name, _) in tree.items() if name == crate)
    came_from, todo = {start: None}, [start]
    while todo:
        current = todo.pop()
        for id in tree[current][1]:
            if id not in came_from:
                came_from[id] = current
                todo.append(id)
                if re.fullmatch(NEVER[crate], tree[id][0]):
                    path = []
                    while id:
                        path.append(tree[id][0])
                        id = came_from[id]
                    yield f"{crate} must not reach {path[0]}: " + " → ".join(reversed(path))


def unused(package):
    """A dependency is used where its name opens a path or is imported, outside comments."""
    folder = Path(package["manifest_path"]).parent
    ignored = ((package["metadata"] or {}).get("cargo-machete") or {}).get("ignored", [])
    for dependency in package["dependencies"]:
        places = ["src"] if dependency["kind"] is None else ["src", "tests", "benches", "examples", "build.rs"]
        files = [f for place in places for f in [folder / place, *(folder / place).rglob("*.rs")] if f.is_file()]
        name = (dependency["rename"] or dependency["name"]).replace("-", "_")
        use = re.compile(rf"^(?!\s*//).*(?:(?<![\w.:]){name}\s*::|\buse\s+(?:::)?{name}\b)", re.MULTILINE)
        if dependency["name"] not in ignored and not any(use.search(f.read_text()) for f in files):
            yield f"{package['name']} does not use its dependency {dependency['name']}"


def circles(package):
    """Circles of imports between the top-level modules of a crate: a folder is one module, whatever its files import."""
    source = Path(package["manifest_path"]).parent / "src"
    imports = {}
    for file in source.rglob("*.rs"):
        module = file.relative_to(source).parts[0].removesuffix(".rs")
        if module not in ("lib", "main", "bin"):
            named = re.findall(r"\bcrate::(?:\{([^}]*)\}|(\w+))", re.sub(r"//.*", "", file.read_text()))
            names = {name for group, one in named for name in re.findall(r"(?:^|,)\s*(\w+)", group) + [one]}
            imports.setdefault(module, set()).update(names - {module})

    def leads_to(start, target, seen):
        return any(
            name == target or name not in seen and leads_to(name, target, seen | {name})
            for name in imports.get(start, ())
        )

    tied = sorted(module for module in imports if leads_to(module, module, {module}))
    if tied:
        yield f"{package['name']} has a circle of imports among {', '.join(tied)}"


def main():
    # As deployed: what only other platforms need does not count.
    platform = "aarch64-unknown-linux-gnu"
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", platform]
    metadata = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    names = {package["id"]: package["name"] for package in metadata["packages"]}
    members = [package for package in metadata["packages"] if package["id"] in metadata["workspace_members"]]
    ours = {package["name"] for package in members}
    tree = {
        node["id"]: (
            names[node["id"]],
            [d["pkg"] for d in node["deps"] if any(kind["kind"] is None for kind in d["dep_kinds"])],
        )
        for node in metadata["resolve"]["nodes"]
    }

    violations = []
    for package in members:
        violations += edges(package["name"], package["dependencies"], ours)
        violations += unused(package)
        violations += circles(package)
    for crate in NEVER:
        violations += never(crate, tree)
    for violation in violations:
        print(violation, file=sys.stderr)
    sys.exit(1 if violations else 0)


if __name__ == "__main__":
    main()
