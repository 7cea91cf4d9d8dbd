#!/usr/bin/env python3
"""Writes down what each package makes public, one item a line, as `public-api.txt` beside its Cargo.toml.

    python3 tests/public_api/public_api.py            writes the texts
    python3 tests/public_api/public_api.py --check    shows what differs from them, and fails if anything does

The items are read from rustdoc's JSON. Its form is not stable, so rustdoc writes it only with RUSTC_BOOTSTRAP; the
script knows the forms that are listed below and refuses others.
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
# Each package with the features of its documentation on docs.rs; the command is no library.
PACKAGES = {
    "surmise": (".", "ask-tell,drawing,progress-bar,regex,signals,tracing"),
    "surmise-sagemaker": ("crates/surmise-sagemaker", "fake,logs"),
    "surmise-bench": ("crates/surmise-bench", "boosting"),
    "surmise-report": ("crates/surmise-report", ""),
}


def rustdoc(package, features, scratch):
    """What rustdoc knows of a package's library, as JSON."""
    # Only rustdoc is told: with the variable for all of cargo, build scripts would find another compiler, and all be built anew.
    wrapper = pathlib.Path(scratch, "rustdoc")
    wrapper.write_text(f'#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec "{os.environ.get("RUSTDOC", "rustdoc")}" "$@"\n')
    wrapper.chmod(0o755)
    command = ["cargo", "rustdoc", "--locked", "--quiet", "--lib", "-p", package]
    command += ["--features", features] if features else []
    command += ["--", "-Z", "unstable-options", "--output-format", "json", "--cap-lints", "allow"]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "RUSTDOC": str(wrapper)})
    target = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
    document = json.loads((target / "doc" / f"{package.replace('-', '_')}.json").read_text())
    if document["format_version"] not in FORMATS:
        sys.exit(
            f"{pathlib.Path(__file__).name}: this toolchain writes rustdoc's JSON in form {document['format_version']}, and only "
            f"{sorted(FORMATS)} are known here: read rustdoc-types' changelog, mend the script, and add the number to FORMATS"
        )
    return document


# Names that several types of other modules have: these are written with their paths.
AMBIGUOUS = set()
PATHS = {}


def last(path):
    return path.rsplit("::", 1)[-1]


def name_of(path):
    """A type's or trait's name: with its path where the name alone does not say which it is."""
    name = last(path["path"])
    full = PATHS.get(str(path["id"]))
    return "::".join(full) if name in AMBIGUOUS and full else name


def types_in(document):
    """Types and traits by their ids: their paths."""
    kinds = ("struct", "enum", "trait", "type_alias", "union")
    return {key: item["path"] for key, item in document["paths"].items() if item["kind"] in kinds}


def learn_names(documents):
    """Which names are those of several types or traits, in any of these documents: so that all write them alike."""
    AMBIGUOUS.clear()
    of_name = {}
    for document in documents:
        for path in types_in(document).values():
            of_name.setdefault(path[-1], set()).add(tuple(path))
    AMBIGUOUS.update(name for name, paths in of_name.items() if len(paths) > 1)


def learn_paths(document):
    PATHS.clear()
    PATHS.update(types_in(document))


def args(value):
    """The arguments in angle brackets or parentheses of a path."""
    if not value:
        return ""
    if "parenthesized" in value:
        inner = value["parenthesized"]
        return f"({', '.join(map(typ, inner['inputs']))})" + (f" -> {typ(inner['output'])}" if inner["output"] else "")
    inner = value["angle_bracketed"]
    parts = []
    for part in inner["args"]:
        kind, what = next(iter(part.items())) if isinstance(part, dict) else (part, None)
        parts.append(typ(what) if kind == "type" else what["expr"] if kind == "const" else what or "_")
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
            parts.append(sign + binder(what["generic_params"]) + name_of(what["trait"]) + args(what["trait"]["args"]))
        elif kind == "outlives":
            parts.append(what)
        else:
            parts.append(f"use<{', '.join(next(iter(name.values())) for name in what)}>")
    return " + ".join(parts)


def binder(params):
    return f"for<{', '.join(param['name'] for param in params)}> " if params else ""


def typ(value):
    """A type as one writes it, with the last segment of each path: where a type comes from is its own line's matter."""
    kind, what = next(iter(value.items())) if isinstance(value, dict) else (value, None)
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
        traits = [binder(t["generic_params"]) + name_of(t["trait"]) + args(t["trait"]["args"]) for t in what["traits"]]
        return "dyn " + " + ".join(traits + ([what["lifetime"]] if what["lifetime"] else []))
    if kind == "function_pointer":
        return "fn" + signature(what["sig"])
    if kind == "qualified_path":
        if what["trait"] and what["trait"]["path"]:
            return f"<{typ(what['self_type'])} as {name_of(what['trait'])}{args(what['trait']['args'])}>::{what['name']}"
        return f"{typ(what['self_type'])}::{what['name']}"
    if kind == "infer":
        return "_"
    raise ValueError(f"a kind of type that this script does not know: {kind}")


def signature(sig):
    inputs = []
    for name, of in sig["inputs"]:
        written = typ(of)
        if name == "self" and written in ("Self", "&Self", "&mut Self"):
            inputs.append(written.replace("Self", "self"))
        else:
            inputs.append(f"{name}: {written}")
    return f"({', '.join(inputs)})" + (f" -> {typ(sig['output'])}" if sig["output"] else "")


def generics(value):
    """The parameters in angle brackets, and the clause that follows."""
    params, where = [], []
    for param in value["params"]:
        kind, what = next(iter(param["kind"].items()))
        if kind == "lifetime":
            params.append(param["name"])
        elif kind == "const":
            params.append(f"const {param['name']}: {typ(what['type'])}")
        elif not what["is_synthetic"]:
            bound = f": {bounds(what['bounds'])}" if what["bounds"] else ""
            params.append(param["name"] + bound + (f" = {typ(what['default'])}" if what["default"] else ""))
    for predicate in value["where_predicates"]:
        kind, what = next(iter(predicate.items()))
        if kind == "bound_predicate":
            where.append(f"{binder(what['generic_params'])}{typ(what['type'])}: {bounds(what['bounds'])}")
        elif kind == "lifetime_predicate":
            where.append(f"{what['lifetime']}: {' + '.join(what['outlives'])}")
        else:
            where.append(f"{typ(what['lhs'])} = {term(what['rhs'])}")
    return (f"<{', '.join(params)}>" if params else ""), (f" where {', '.join(where)}" if where else "")


class Listing:
    """The lines of one package."""

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
        marks += ["#[must_use] " for mark in item["attrs"] if isinstance(mark, dict) and "must_use" in mark]
        marks += ["#[deprecated] "] if item["deprecation"] else []
        self.lines.append("".join(marks) + line)

    def module(self, item, path):
        self.homes[item["id"]] = path
        self.add(item, f"pub mod {path}")
        # Re-exports last: a name that is public in its own module has its home there.
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
                for key in target["inner"].get("module", target["inner"].get("enum", {})).get("items", []):
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
            raise ValueError(f"a kind of item that this script does not know: {kind} ({path})")
        write(item, what, path)

    def struct(self, item, what, path):
        params, where = generics(what["generics"])
        kind, fields = next(iter(what["kind"].items())) if isinstance(what["kind"], dict) else (what["kind"], None)
        tail = f"({self.tuple(fields)})" if kind == "tuple" else ""
        self.add(item, f"pub struct {path}{params}{tail}{where}")
        if kind == "plain":
            for key in fields["fields"]:
                field = self.item(key)
                self.add(field, f"pub field {path}::{field['name']}: {typ(field['inner']['struct_field'])}")
            if fields["has_stripped_fields"]:
                self.lines.append(f"(private fields) {path}")
        self.impls(what["impls"], path)

    def tuple(self, keys):
        return ", ".join("_" if key is None else typ(self.item(key)["inner"]["struct_field"]) for key in keys)

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
                name += " { " + ", ".join(f"{f['name']}: {typ(f['inner']['struct_field'])}" for f in fields) + " }"
            self.add(variant, f"pub variant {name}")
        self.impls(what["impls"], path)

    def trait(self, item, what, path):
        params, where = generics(what["generics"])
        over = f": {bounds(what['bounds'])}" if what["bounds"] else ""
        self.add(item, f"pub {'unsafe ' if what['is_unsafe'] else ''}trait {path}{params}{over}{where}")
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
            self.add(item, f"pub type {name}{bound}" + (f" = {typ(what['type'])}" if what["type"] else ""))
        elif kind == "assoc_const":
            self.add(item, f"pub const {name}: {typ(what['type'])}")

    def function(self, item, what, path, provided=True):
        params, where = generics(what["generics"])
        head = "".join(f"{word} " for word in ("const", "async", "unsafe") if what["header"][f"is_{word}"])
        self.add(item, f"pub {head}fn {path}{params}{signature(what['sig'])}{where}" + ("" if provided else " (required)"))

    def constant(self, item, what, path):
        self.add(item, f"pub const {path}: {typ(what['type'])} = {what['const']['expr']}")

    def static(self, item, what, path):
        self.add(item, f"pub static {path}: {typ(what['type'])}")

    def type_alias(self, item, what, path):
        params, where = generics(what["generics"])
        self.add(item, f"pub type {path}{params} = {typ(what['type'])}{where}")

    def macro(self, item, _what, path):
        self.add(item, f"pub macro {path}!")

    def impls(self, keys, path):
        """What a type can do by itself, then its traits: those without parameters in one line, the others in one each.

        Blanket implementations say nothing about it, and automatic traits only where it lacks them.
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
            elif what["is_synthetic"] and not what["is_negative"] or last(what["trait"]["path"]) == "StructuralPartialEq":
                continue
            else:
                params, where = generics(what["generics"])
                trait = f"{'!' if what['is_negative'] else ''}{name_of(what['trait'])}{args(what['trait']['args'])}"
                types = [self.item(key) for key in what["items"]]
                types = [f"{item['name']} = {typ(item['inner']['assoc_type']['type'])}" for item in types if item and "assoc_type" in item["inner"]]
                trait += f" {{{', '.join(types)}}}" if types else ""
                of = typ(what["for"])
                if last(of) == last(path) and params in ("", "<'de>") and not where:
                    plain.append(trait)
                else:
                    traits.append(f"impl{params} {trait} for {of}{where} ({path})")
        self.lines += [f"impl {', '.join(sorted(plain))} for {path}"] if plain else []
        self.lines += sorted(traits)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="fail if a committed text differs, and show in what")
    check = parser.parse_args().check
    differ = False
    texts = {}
    with tempfile.TemporaryDirectory() as scratch:
        for package, (_, features) in PACKAGES.items():
            documents = [rustdoc(package, some, scratch) for some in (features, "")]
            learn_names(documents)
            lines, always = (Listing(document).lines for document in documents)
            always = set(always)
            texts[package] = "".join(f"{line}\n" if line in always else f"by feature: {line}\n" for line in lines)
    for package, (folder, _) in PACKAGES.items():
        text = texts[package]
        file = ROOT / folder / "public-api.txt"
        before = file.read_text() if file.exists() else ""
        name = str(file.relative_to(ROOT))
        delta = list(difflib.unified_diff(before.splitlines(True), text.splitlines(True), name, "as it is now", n=0))
        sys.stdout.writelines(delta)
        print(f"{name}: {text.count(chr(10))} lines, " + ("as written down" if not delta else "differs" if check else "written"))
        differ |= bool(delta)
        if not check:
            file.write_text(text)
    if check and differ:
        sys.exit(
            "what is public has changed: if it should, run `python3 tests/public_api/public_api.py`, commit the texts, "
            "and tell users in CHANGELOG.md"
        )


if __name__ == "__main__":
    main()
