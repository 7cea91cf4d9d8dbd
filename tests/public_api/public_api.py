#!/usr/bin/env python3
"""Lists the public items of each package in `public-api.txt` beside its Cargo.toml, one per line.

    python3 tests/public_api/public_api.py            writes the lists
    python3 tests/public_api/public_api.py --check    prints differences, and fails if there are any

The items are read from rustdoc's JSON. Its format is unstable, so that rustdoc writes it only with
RUSTC_BOOTSTRAP. The script supports only the format versions in FORMATS.
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
    """Returns rustdoc's JSON of a package's library."""
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
# The paths of the types and traits of the current document, by id.
PATHS = {}


def last_segment(path):
    return path.rsplit("::", 1)[-1]


def name_of(path):
    """Returns the name of a type or trait, with its path if the name is ambiguous."""
    name = last_segment(path["path"])
    full = PATHS.get(str(path["id"]))
    return "::".join(full) if name in AMBIGUOUS and full else name


def types_in(document):
    """Returns the paths of all types and traits, by id."""
    kinds = ("struct", "enum", "trait", "type_alias", "union")
    return {key: item["path"] for key, item in document["paths"].items() if item["kind"] in kinds}


def learn_names(documents):
    """Collects the ambiguous names of all documents, so that all documents write them alike."""
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
    """Returns key and value of a dictionary with one entry, or a plain value and None."""
    return next(iter(value.items())) if isinstance(value, dict) else (value, None)


def trait_name(bound):
    """Returns a trait of a bound, with its lifetimes and arguments."""
    trait = bound["trait"]
    return binder(bound["generic_params"]) + name_of(trait) + args(trait["args"])


def args(value):
    """Returns the generic arguments of a path, in angle brackets or parentheses."""
    if not value:
        return ""
    if "parenthesized" in value:
        inner = value["parenthesized"]
        output = f" -> {typ(inner['output'])}" if inner["output"] else ""
        return f"({', '.join(map(typ, inner['inputs']))}){output}"
    inner = value["angle_bracketed"]
    parts = []
    for part in inner["args"]:
        kind, content = single(part)
        if kind == "type":
            parts.append(typ(content))
        else:
            parts.append(content["expr"] if kind == "const" else content or "_")
    for constraint in inner["constraints"]:
        kind, content = next(iter(constraint["binding"].items()))
        name = constraint["name"] + args(constraint["args"])
        is_equality = kind == "equality"
        parts.append(f"{name} = {term(content)}" if is_equality else f"{name}: {bounds(content)}")
    return f"<{', '.join(parts)}>" if parts else ""


def term(value):
    return typ(value["type"]) if "type" in value else value["constant"]["expr"]


def bounds(values):
    parts = []
    for value in values:
        kind, content = next(iter(value.items()))
        if kind == "trait_bound":
            sign = "?" if content["modifier"] == "maybe" else ""
            parts.append(sign + trait_name(content))
        elif kind == "outlives":
            parts.append(content)
        else:
            parts.append(f"use<{', '.join(next(iter(name.values())) for name in content)}>")
    return " + ".join(parts)


def binder(params):
    return f"for<{', '.join(param['name'] for param in params)}> " if params else ""


def typ(value):
    """Returns a type as it is written in code, with the last segment of each path."""
    kind, content = single(value)
    if kind == "resolved_path":
        return name_of(content) + args(content["args"])
    if kind in ("primitive", "generic"):
        return content
    if kind == "borrowed_ref":
        lifetime = content["lifetime"] + " " if content["lifetime"] else ""
        return f"&{lifetime}{'mut ' if content['is_mutable'] else ''}{typ(content['type'])}"
    if kind == "tuple":
        return f"({', '.join(map(typ, content))}{',' if len(content) == 1 else ''})"
    if kind == "slice":
        return f"[{typ(content)}]"
    if kind == "array":
        return f"[{typ(content['type'])}; {content['len']}]"
    if kind == "impl_trait":
        return f"impl {bounds(content)}"
    if kind == "dyn_trait":
        traits = [trait_name(bound) for bound in content["traits"]]
        return "dyn " + " + ".join(traits + ([content["lifetime"]] if content["lifetime"] else []))
    if kind == "function_pointer":
        return "fn" + signature(content["sig"])
    if kind == "qualified_path":
        if content["trait"] and content["trait"]["path"]:
            trait = name_of(content["trait"]) + args(content["trait"]["args"])
            return f"<{typ(content['self_type'])} as {trait}>::{content['name']}"
        return f"{typ(content['self_type'])}::{content['name']}"
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
    """Returns generic parameters in angle brackets, and the where clause."""
    params, where = [], []
    for param in value["params"]:
        kind, content = next(iter(param["kind"].items()))
        if kind == "lifetime":
            params.append(param["name"])
        elif kind == "const":
            params.append(f"const {param['name']}: {typ(content['type'])}")
        elif not content["is_synthetic"]:
            bound = f": {bounds(content['bounds'])}" if content["bounds"] else ""
            default = f" = {typ(content['default'])}" if content["default"] else ""
            params.append(param["name"] + bound + default)
    for predicate in value["where_predicates"]:
        kind, content = next(iter(predicate.items()))
        if kind == "bound_predicate":
            bounded = binder(content["generic_params"]) + typ(content["type"])
            where.append(f"{bounded}: {bounds(content['bounds'])}")
        elif kind == "lifetime_predicate":
            where.append(f"{content['lifetime']}: {' + '.join(content['outlives'])}")
        else:
            where.append(f"{typ(content['lhs'])} = {term(content['rhs'])}")
    brackets = f"<{', '.join(params)}>" if params else ""
    return brackets, (f" where {', '.join(where)}" if where else "")


class Listing:
    """The list of one package's public items, as lines."""

    def __init__(self, document):
        learn_paths(document)
        self.index = document["index"]
        self.lines = []
        # The path under which each item is listed, by id; more paths are listed as re-exports.
        self.listed_paths = {}
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
        self.listed_paths[item["id"]] = path
        self.add(item, f"pub mod {path}")
        # Re-exports come last: an item that is public in its own module is listed there.
        members = [self.item(key) for key in item["inner"]["module"]["items"]]
        for member in sorted(members, key=lambda m: ("use" in m["inner"], m["name"] or "")):
            self.member(member, path)

    def member(self, item, path):
        kind, content = next(iter(item["inner"].items()))
        if kind == "use":
            target = self.item(content["id"]) if content["id"] is not None else None
            if target is None:
                self.add(item, f"pub use {path}::{content['name']} = {content['source']}")
            elif content["is_glob"]:
                inner = target["inner"]
                for key in inner.get("module", inner.get("enum", {})).get("items", []):
                    self.member(self.item(key), path)
            else:
                self.named(target, f"{path}::{content['name']}")
        elif item["visibility"] == "public":
            self.named(item, f"{path}::{item['name']}")

    def named(self, item, path):
        kind, content = next(iter(item["inner"].items()))
        if item["id"] in self.listed_paths:
            self.add(item, f"pub use {path} = {self.listed_paths[item['id']]}")
            return
        if kind == "module":
            self.module(item, path)
            return
        self.listed_paths[item["id"]] = path
        write = getattr(self, kind, None)
        if write is None:
            raise ValueError(f"this script does not support the kind of item: {kind} ({path})")
        write(item, content, path)

    def struct(self, item, content, path):
        params, where = generics(content["generics"])
        kind, fields = single(content["kind"])
        tail = f"({self.tuple(fields)})" if kind == "tuple" else ""
        self.add(item, f"pub struct {path}{params}{tail}{where}")
        if kind == "plain":
            for key in fields["fields"]:
                field = self.item(key)
                self.add(field, f"pub field {path}::{self.field(field)}")
            if fields["has_stripped_fields"]:
                self.lines.append(f"(private fields) {path}")
        self.impls(content["impls"], path)

    def tuple(self, keys):
        fields = [None if key is None else self.item(key)["inner"]["struct_field"] for key in keys]
        return ", ".join("_" if field is None else typ(field) for field in fields)

    def field(self, item):
        return f"{item['name']}: {typ(item['inner']['struct_field'])}"

    def enum(self, item, content, path):
        params, where = generics(content["generics"])
        self.add(item, f"pub enum {path}{params}{where}")
        for key in content["variants"]:
            variant = self.item(key)
            kind = variant["inner"]["variant"]["kind"]
            name = f"{path}::{variant['name']}"
            if isinstance(kind, dict) and "tuple" in kind:
                name += f"({self.tuple(kind['tuple'])})"
            elif isinstance(kind, dict):
                fields = [self.item(key) for key in kind["struct"]["fields"]]
                name += " { " + ", ".join(map(self.field, fields)) + " }"
            self.add(variant, f"pub variant {name}")
        self.impls(content["impls"], path)

    def trait(self, item, content, path):
        params, where = generics(content["generics"])
        supertraits = f": {bounds(content['bounds'])}" if content["bounds"] else ""
        unsafe = "unsafe " if content["is_unsafe"] else ""
        self.add(item, f"pub {unsafe}trait {path}{params}{supertraits}{where}")
        if not content["is_dyn_compatible"]:
            self.lines.append(f"(not dyn-compatible) {path}")
        for key in content["items"]:
            self.associated(self.item(key), path)

    def associated(self, item, path):
        kind, content = next(iter(item["inner"].items()))
        name = f"{path}::{item['name']}"
        if kind == "function":
            self.function(item, content, name, provided=content["has_body"])
        elif kind == "assoc_type":
            bound = f": {bounds(content['bounds'])}" if content["bounds"] else ""
            default = f" = {typ(content['type'])}" if content["type"] else ""
            self.add(item, f"pub type {name}{bound}{default}")
        elif kind == "assoc_const":
            self.add(item, f"pub const {name}: {typ(content['type'])}")

    def function(self, item, content, path, provided=True):
        params, where = generics(content["generics"])
        words = [word for word in ("const", "async", "unsafe") if content["header"][f"is_{word}"]]
        qualifiers = "".join(f"{word} " for word in words)
        suffix = "" if provided else " (required)"
        line = f"pub {qualifiers}fn {path}{params}{signature(content['sig'])}{where}{suffix}"
        self.add(item, line)

    def constant(self, item, content, path):
        self.add(item, f"pub const {path}: {typ(content['type'])} = {content['const']['expr']}")

    def static(self, item, content, path):
        self.add(item, f"pub static {path}: {typ(content['type'])}")

    def type_alias(self, item, content, path):
        params, where = generics(content["generics"])
        self.add(item, f"pub type {path}{params} = {typ(content['type'])}{where}")

    def macro(self, item, _content, path):
        self.add(item, f"pub macro {path}!")

    def associated_types(self, keys):
        items = [item for item in map(self.item, keys) if item and "assoc_type" in item["inner"]]
        return [f"{item['name']} = {typ(item['inner']['assoc_type']['type'])}" for item in items]

    def impls(self, keys, path):
        """Lists the methods of a type, then its traits.

        Traits without parameters share one line. Blanket implementations are left out, and so are
        automatic traits unless they are negative.
        """
        plain, traits = [], []
        for item in (self.item(key) for key in keys):
            content = item["inner"]["impl"]
            if content["blanket_impl"]:
                continue
            if content["trait"] is None:
                for key in content["items"]:
                    if (member := self.item(key)) is not None:
                        self.associated(member, path)
            elif content["is_synthetic"] and not content["is_negative"]:
                continue
            elif last_segment(content["trait"]["path"]) == "StructuralPartialEq":
                continue
            else:
                params, where = generics(content["generics"])
                sign = "!" if content["is_negative"] else ""
                trait = sign + name_of(content["trait"]) + args(content["trait"]["args"])
                types = self.associated_types(content["items"])
                trait += f" {{{', '.join(types)}}}" if types else ""
                self_type = typ(content["for"])
                is_plain = params in ("", "<'de>") and not where
                if is_plain and last_segment(self_type) == last_segment(path):
                    plain.append(trait)
                else:
                    traits.append(f"impl{params} {trait} for {self_type}{where} ({path})")
        self.lines += [f"impl {', '.join(sorted(plain))} for {path}"] if plain else []
        self.lines += sorted(traits)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true",
                        help="print differences from the committed lists, and fail if any exist")
    check = parser.parse_args().check
    differ = False
    texts = {}
    with tempfile.TemporaryDirectory() as scratch:
        for package, (_, features) in PACKAGES.items():
            documents = [rustdoc(package, enabled, scratch) for enabled in (features, "")]
            learn_names(documents)
            lines, unconditional = (Listing(document).lines for document in documents)
            unconditional = set(unconditional)
            prefixes = ["" if line in unconditional else "by feature: " for line in lines]
            texts[package] = "".join(f"{p}{line}\n" for p, line in zip(prefixes, lines))
    for package, (folder, _) in PACKAGES.items():
        text = texts[package]
        file = ROOT / folder / "public-api.txt"
        committed = file.read_text() if file.exists() else ""
        name = str(file.relative_to(ROOT))
        old_lines, new_lines = committed.splitlines(True), text.splitlines(True)
        delta = list(difflib.unified_diff(old_lines, new_lines, name, "current", n=0))
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
