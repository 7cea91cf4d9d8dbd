#!/usr/bin/env python3
"""List the public items of each package in `public-api.txt` beside its Cargo.toml, one per line.

    python3 tests/public_api/public_api.py            writes the lists
    python3 tests/public_api/public_api.py --check    prints differences, and fails if there are any

The items are read from rustdoc's JSON. Its format is unstable, so that rustdoc writes it only with
RUSTC_BOOTSTRAP. The script supports the format versions below and refuses all other versions.
"""

import argparse
import difflib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

FORMATS = {57}
ROOT = pathlib.Path(__file__).resolve().parents[2]
# Folder of each library, and the features of its documentation on docs.rs.
PACKAGES = {
    "surmise": (".", "ask-tell,drawing,progress-bar,regex,signals,tracing"),
    "surmise-sagemaker": ("crates/surmise-sagemaker", "fake,logs"),
    "surmise-bench": ("crates/surmise-bench", "boosting"),
    "surmise-report": ("crates/surmise-report", ""),
}


def rustdoc(package, features, scratch):
    """Return rustdoc's JSON of a package's library."""
    # Only rustdoc gets the variable: set for all of cargo, it would cause a rebuild of everything.
    wrapper = pathlib.Path(scratch, "rustdoc")
    program = os.environ.get("RUSTDOC", "rustdoc")
    wrapper.write_text(f'#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec "{program}" "$@"\n')
    wrapper.chmod(0o755)
    command = ["cargo", "rustdoc", "--locked", "--quiet", "--lib", "-p", package]
    command += ["--features", features] if features else []
    command += ["--", "-Z", "unstable-options", "--output-format", "json", "--cap-lints", "allow"]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "RUSTDOC": str(wrapper)})
    target = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
    document = json.loads((target / "doc" / f"{package.replace('-', '_')}.json").read_text())
    version = document["format_version"]
    if version not in FORMATS:
        sys.exit(
            f"{pathlib.Path(__file__).name}: this toolchain writes version {version} of rustdoc's "
            f"JSON, and this script supports {sorted(FORMATS)}. Read rustdoc-types' changelog, "
            f"adapt the script, and add the number to FORMATS."
        )
    return document


# Names that several types or traits have; they are written with their paths.
AMBIGUOUS = set()
PATHS = {}


def last(path):
    return path.rsplit("::", 1)[-1]


def name_of(path):
    """Return the name of a type or trait, with its path if the name is ambiguous."""
    name = last(path["path"])
    full = PATHS.get(str(path["id"]))
    return "::".join(full) if name in AMBIGUOUS and full else name


def types_in(document):
    """Return the paths of all types and traits, by id."""
    kinds = ("struct", "enum", "trait", "type_alias", "union")
    return {key: item["path"] for key, item in document["paths"].items() if item["kind"] in kinds}


def learn_names(documents):
    """Collect the ambiguous names of all documents, so that all documents write them alike."""
    AMBIGUOUS.clear()
    by_name = {}
    for document in documents:
        for path in types_in(document).values():
            by_name.setdefault(path[-1], set()).add(tuple(path))
    AMBIGUOUS.update(name for name, paths in by_name.items() if len(paths) > 1)


def learn_paths(document):
    PATHS.clear()
    PATHS.update(types_in(document))


def single(value):
    """Return key and value of a dictionary with one entry, or a plain value and None."""
    return next(iter(value.items())) if isinstance(value, dict) else (value, None)


def trait_name(bound):
    """Return a trait of a bound, with its lifetimes and arguments."""
    trait = bound["trait"]
    return binder(bound["generic_params"]) + name_of(trait) + args(trait["args"])


def args(value):
    """Return the generic arguments of a path, in angle brackets or parentheses."""
    if not value:
        return ""
    if "parenthesized" in value:
        inner = value["parenthesized"]
        output = f" -> {typ(inner['output'])}" if inner["output"] else ""
        return f"({', '.join(map(typ, inner['inputs']))}){output}"
    inner = value["angle_bracketed"]
    parts = []
    for part in inner["args"]:
        kind, what = single(part)
        if kind == "type":
            parts.append(typ(what))
        else:
            parts.append(what["expr"] if kind == "const" else what or "_")
    for constraint in inner["constraints"]:
        kind, what = next(iter(constraint["binding"].items()))
        name = constraint["name"] + args(constraint["args"])
        parts.append(f"{name} = {term(what)}" if kind == "equality" else f"{name}: {bounds(what)}")
    return f"<{', '.join(parts)}>" if parts else ""


def term(value):
    return typ(value["type"]) if "type" in value else value["constant"]["expr"]


def bounds(values):
    parts = []
    for value in values:
        kind, what = next(iter(value.items()))
        if kind == "trait_bound":
            sign = "?" if what["modifier"] == "maybe" else ""
            parts.append(sign + trait_name(what))
        elif kind == "outlives":
            parts.append(what)
        else:
            parts.append(f"use<{', '.join(next(iter(name.values())) for name in what)}>")
    return " + ".join(parts)


def binder(params):
    return f"for<{', '.join(param['name'] for param in params)}> " if params else ""


def typ(value):
    """Return a type as it is written in code, with the last segment of each path."""
    kind, what = single(value)
    if kind == "resolved_path":
        return name_of(what) + args(what["args"])
    if kind in ("primitive", "generic"):
        return what
    if kind == "borrowed_ref":
        lifetime = what["lifetime"] + " " if what["lifetime"] else ""
        return f"&{lifetime}{'mut ' if what['is_mutable'] else ''}{typ(what['type'])}"
    if kind == "tuple":
        return f"({', '.join(map(typ, what))}{',' if len(what) == 1 else ''})"
    if kind == "slice":
        return f"[{typ(what)}]"
    if kind == "array":
        return f"[{typ(what['type'])}; {what['len']}]"
    if kind == "impl_trait":
        return f"impl {bounds(what)}"
    if kind == "dyn_trait":
        traits = [trait_name(bound) for bound in what["traits"]]
        return "dyn " + " + ".join(traits + ([what["lifetime"]] if what["lifetime"] else []))
    if kind == "function_pointer":
        return "fn" + signature(what["sig"])
    if kind == "qualified_path":
        if what["trait"] and what["trait"]["path"]:
            trait = name_of(what["trait"]) + args(what["trait"]["args"])
            return f"<{typ(what['self_type'])} as {trait}>::{what['name']}"
        return f"{typ(what['self_type'])}::{what['name']}"
    if kind == "infer":
        return "_"
    raise ValueError(f"this script does not support the kind of type: {kind}")


def signature(sig):
    inputs = []
    for name, value in sig["inputs"]:
        written = typ(value)
        if name == "self" and written in ("Self", "&Self", "&mut Self"):
            inputs.append(written.replace("Self", "self"))
        else:
            inputs.append(f"{name}: {written}")
    output = f" -> {typ(sig['output'])}" if sig["output"] else ""
    return f"({', '.join(inputs)}){output}"


def generics(value):
    """Return generic parameters in angle brackets, and the where clause."""
    params, where = [], []
    for param in value["params"]:
        kind, what = next(iter(param["kind"].items()))
        if kind == "lifetime":
            params.append(param["name"])
        elif kind == "const":
            params.append(f"const {param['name']}: {typ(what['type'])}")
        elif not what["is_synthetic"]:
            bound = f": {bounds(what['bounds'])}" if what["bounds"] else ""
            default = f" = {typ(what['default'])}" if what["default"] else ""
            params.append(param["name"] + bound + default)
    for predicate in value["where_predicates"]:
        kind, what = next(iter(predicate.items()))
        if kind == "bound_predicate":
            bounded = binder(what["generic_params"]) + typ(what["type"])
            where.append(f"{bounded}: {bounds(what['bounds'])}")
        elif kind == "lifetime_predicate":
            where.append(f"{what['lifetime']}: {' + '.join(what['outlives'])}")
        else:
            where.append(f"{typ(what['lhs'])} = {term(what['rhs'])}")
    brackets = f"<{', '.join(params)}>" if params else ""
    return brackets, (f" where {', '.join(where)}" if where else "")


class Listing:
    """The list of one package's public items, as lines."""

    def __init__(self, document):
        learn_paths(document)
        self.index = document["index"]
        self.lines = []
        self.homes = {}
        root = str(document["root"])
        self.module(self.item(root), self.item(root)["name"])

    def item(self, key):
        return self.index.get(str(key))

    def add(self, item, line):
        marks = [f"#[{mark}] " for mark in item["attrs"] if mark in ("non_exhaustive", "must_use")]
        dictionaries = [mark for mark in item["attrs"] if isinstance(mark, dict)]
        marks += ["#[must_use] " for mark in dictionaries if "must_use" in mark]
        marks += ["#[deprecated] "] if item["deprecation"] else []
        self.lines.append("".join(marks) + line)

    def module(self, item, path):
        self.homes[item["id"]] = path
        self.add(item, f"pub mod {path}")
        # Re-exports come last: an item that is public in its own module is listed there.
        members = [self.item(key) for key in item["inner"]["module"]["items"]]
        for member in sorted(members, key=lambda m: ("use" in m["inner"], m["name"] or "")):
            self.member(member, path)

    def member(self, item, path):
        kind, what = next(iter(item["inner"].items()))
        if kind == "use":
            target = self.item(what["id"]) if what["id"] is not None else None
            if target is None:
                self.add(item, f"pub use {path}::{what['name']} = {what['source']}")
            elif what["is_glob"]:
                inner = target["inner"]
                for key in inner.get("module", inner.get("enum", {})).get("items", []):
                    self.member(self.item(key), path)
            else:
                self.named(target, f"{path}::{what['name']}")
        elif item["visibility"] == "public":
            self.named(item, f"{path}::{item['name']}")

    def named(self, item, path):
        kind, what = next(iter(item["inner"].items()))
        if item["id"] in self.homes:
            self.add(item, f"pub use {path} = {self.homes[item['id']]}")
            return
        if kind == "module":
            self.module(item, path)
            return
        self.homes[item["id"]] = path
        write = getattr(self, kind, None)
        if write is None:
            raise ValueError(f"this script does not support the kind of item: {kind} ({path})")
        write(item, what, path)

    def struct(self, item, what, path):
        params, where = generics(what["generics"])
        kind, fields = single(what["kind"])
        tail = f"({self.tuple(fields)})" if kind == "tuple" else ""
        self.add(item, f"pub struct {path}{params}{tail}{where}")
        if kind == "plain":
            for key in fields["fields"]:
                field = self.item(key)
                self.add(field, f"pub field {path}::{self.field(field)}")
            if fields["has_stripped_fields"]:
                self.lines.append(f"(private fields) {path}")
        self.impls(what["impls"], path)

    def tuple(self, keys):
        fields = [None if key is None else self.item(key)["inner"]["struct_field"] for key in keys]
        return ", ".join("_" if field is None else typ(field) for field in fields)

    def field(self, item):
        return f"{item['name']}: {typ(item['inner']['struct_field'])}"

    def enum(self, item, what, path):
        params, where = generics(what["generics"])
        self.add(item, f"pub enum {path}{params}{where}")
        for key in what["variants"]:
            variant = self.item(key)
            kind = variant["inner"]["variant"]["kind"]
            name = f"{path}::{variant['name']}"
            if isinstance(kind, dict) and "tuple" in kind:
                name += f"({self.tuple(kind['tuple'])})"
            elif isinstance(kind, dict):
                fields = [self.item(key) for key in kind["struct"]["fields"]]
                name += " { " + ", ".join(map(self.field, fields)) + " }"
            self.add(variant, f"pub variant {name}")
        self.impls(what["impls"], path)

    def trait(self, item, what, path):
        params, where = generics(what["generics"])
        supertraits = f": {bounds(what['bounds'])}" if what["bounds"] else ""
        unsafe = "unsafe " if what["is_unsafe"] else ""
        self.add(item, f"pub {unsafe}trait {path}{params}{supertraits}{where}")
        if not what["is_dyn_compatible"]:
            self.lines.append(f"(not dyn-compatible) {path}")
        for key in what["items"]:
            self.associated(self.item(key), path)

    def associated(self, item, path):
        kind, what = next(iter(item["inner"].items()))
        name = f"{path}::{item['name']}"
        if kind == "function":
            self.function(item, what, name, provided=what["has_body"])
        elif kind == "assoc_type":
            bound = f": {bounds(what['bounds'])}" if what["bounds"] else ""
            default = f" = {typ(what['type'])}" if what["type"] else ""
            self.add(item, f"pub type {name}{bound}{default}")
        elif kind == "assoc_const":
            self.add(item, f"pub const {name}: {typ(what['type'])}")

    def function(self, item, what, path, provided=True):
        params, where = generics(what["generics"])
        words = [word for word in ("const", "async", "unsafe") if what["header"][f"is_{word}"]]
        qualifiers = "".join(f"{word} " for word in words)
        suffix = "" if provided else " (required)"
        line = f"pub {qualifiers}fn {path}{params}{signature(what['sig'])}{where}{suffix}"
        self.add(item, line)

    def constant(self, item, what, path):
        self.add(item, f"pub const {path}: {typ(what['type'])} = {what['const']['expr']}")

    def static(self, item, what, path):
        self.add(item, f"pub static {path}: {typ(what['type'])}")

    def type_alias(self, item, what, path):
        params, where = generics(what["generics"])
        self.add(item, f"pub type {path}{params} = {typ(what['type'])}{where}")

    def macro(self, item, _what, path):
        self.add(item, f"pub macro {path}!")

    def associated_types(self, keys):
        items = [item for item in map(self.item, keys) if item and "assoc_type" in item["inner"]]
        return [f"{item['name']} = {typ(item['inner']['assoc_type']['type'])}" for item in items]

    def impls(self, keys, path):
        """List the methods of a type, then its traits.

        Traits without parameters share one line. Blanket implementations are left out, and so are
        automatic traits unless they are negative.
        """
        plain, traits = [], []
        for item in (self.item(key) for key in keys):
            what = item["inner"]["impl"]
            if what["blanket_impl"]:
                continue
            if what["trait"] is None:
                for key in what["items"]:
                    if (member := self.item(key)) is not None:
                        self.associated(member, path)
            elif what["is_synthetic"] and not what["is_negative"]:
                continue
            elif last(what["trait"]["path"]) == "StructuralPartialEq":
                continue
            else:
                params, where = generics(what["generics"])
                sign = "!" if what["is_negative"] else ""
                trait = sign + name_of(what["trait"]) + args(what["trait"]["args"])
                types = self.associated_types(what["items"])
                trait += f" {{{', '.join(types)}}}" if types else ""
                self_type = typ(what["for"])
                if last(self_type) == last(path) and params in ("", "<'de>") and not where:
                    plain.append(trait)
                else:
                    traits.append(f"impl{params} {trait} for {self_type}{where} ({path})")
        self.lines += [f"impl {', '.join(sorted(plain))} for {path}"] if plain else []
        self.lines += sorted(traits)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true",
                        help="print what differs from the committed lists, and fail")
    check = parser.parse_args().check
    differ = False
    texts = {}
    with tempfile.TemporaryDirectory() as scratch:
        for package, (_, features) in PACKAGES.items():
            documents = [rustdoc(package, some, scratch) for some in (features, "")]
            learn_names(documents)
            lines, unconditional = (Listing(document).lines for document in documents)
            unconditional = set(unconditional)
            prefixes = ["" if line in unconditional else "by feature: " for line in lines]
            texts[package] = "".join(f"{p}{line}\n" for p, line in zip(prefixes, lines))
    for package, (folder, _) in PACKAGES.items():
        text = texts[package]
        file = ROOT / folder / "public-api.txt"
        before = file.read_text() if file.exists() else ""
        name = str(file.relative_to(ROOT))
        old_lines, new_lines = before.splitlines(True), text.splitlines(True)
        delta = list(difflib.unified_diff(old_lines, new_lines, name, "as it is now", n=0))
        sys.stdout.writelines(delta)
        status = "unchanged" if not delta else "differs" if check else "written"
        print(f"{name}: {len(new_lines)} lines, {status}")
        differ |= bool(delta)
        if not check:
            file.write_text(text)
    if check and differ:
        sys.exit(
            "The public API has changed. If this is intended, run "
            "`python3 tests/public_api/public_api.py`, commit the lists, and add the change to "
            "CHANGELOG.md."
        )


if __name__ == "__main__":
    main()
