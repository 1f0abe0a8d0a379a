"""Makes C++ of the message tables in src/kafka/messages (their notation: its README.md).

usage: kafka_messages.py SOURCE_DIR OUTPUT_DIR [--list]

Writes OUTPUT_DIR/kafka/messages/<name>.h for each table, <folder>.cc for each folder of tables, and
api_list.{h,cc}, and leaves alone what did not change. --list prints the .cc files instead.
"""

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

NUMBERS = {"int8": "int8_t", "int16": "int16_t", "uint16": "uint16_t", "int32": "int32_t",
           "int64": "int64_t"}
PLAIN = {**NUMBERS, "bool": "bool", "float64": "double", "uuid": "Uuid", "string": "std::string",
         "bytes": "Buffer", "records": "std::vector<Buffer>"}
READS = {"bool": "boolean"}
FIELD = re.compile(r"( +)(\w+) +(\[\])?(\w+)(\?(?:\d+\+)?)?(?: = (-?\w+))?((?: +.*)?)$")
VERSIONS = re.compile(r"(\d+)(\+|-(\d+))?$")


class TableError(Exception):
    pass


@dataclass
class Field:
    name: str
    type: str
    array: bool
    nullable: bool
    default: str | None
    first: int
    last: int | None
    tag: int | None
    fields: list = field(default_factory=list)

    @property
    def is_struct(self):
        return self.type not in PLAIN

    def cpp_type(self):
        inner = PLAIN.get(self.type, self.type)
        inner = f"std::vector<{inner}>" if self.array else inner
        return f"std::optional<{inner}>" if self.nullable else inner


@dataclass
class Message:
    path: Path
    about: str
    name: str
    key: int
    versions_max: int
    serve: tuple
    advertise: tuple
    flexible: int | None
    request: list
    response: list


def versions_of(text):
    match = VERSIONS.match(text)
    if not match:
        raise TableError(f"not a range of versions: {text}")
    first = int(match[1])
    return first, first if not match[2] else int(match[3]) if match[3] else None


def parse_field(line):
    match = FIELD.match(line)
    if not match:
        raise TableError(f"not a field: {line!r}")
    indent, name, array, kind, nullable, default, rest = match.groups()
    first, last, tag = 0, None, None
    words = rest.split()
    if words and words[0] != "tag":
        first, last = versions_of(words.pop(0))
    if words[:1] == ["tag"]:
        tag = int(words[1])
        words = words[2:]
    if words:
        raise TableError(f"{' '.join(words)}: unknown, in {line!r}")
    return len(indent) // 2, Field(name, kind, bool(array), bool(nullable), default, first, last,
                                   tag)


def parse_fields(lines):
    top = []
    levels = {0: top}
    for line in lines:
        depth, parsed = parse_field(line)
        if depth - 1 not in levels:
            raise TableError(f"indented too far: {line!r}")
        levels[depth - 1].append(parsed)
        levels = {level: fields for level, fields in levels.items() if level < depth}
        levels[depth] = parsed.fields
    check_structs(top)
    return top


def check_structs(fields):
    for each in fields:
        if each.is_struct != bool(each.fields):
            raise TableError(f"{each.name}: a struct has fields, and nothing else has")
        check_structs(each.fields)


def parse(path):
    lines = path.read_text().splitlines()
    about = [line[2:] for line in lines if line.startswith("#")]
    head = {}
    sections = {"request": [], "response": []}
    section = None
    for line in lines:
        if not line or line.startswith("#"):
            continue
        if line in sections:
            section = line
        elif section:
            sections[section].append(line)
        else:
            word, _, rest = line.partition(" ")
            head[word] = rest
    name, key = head["message"].split()
    versions_max = versions_of(head["versions"])[1]
    serve = versions_of(head["serve"])
    advertise = versions_of(head["advertise"]) if "advertise" in head else serve
    flexible = int(head["flexible"]) if "flexible" in head else None
    return Message(path, " ".join(about), name, int(key), versions_max, serve, advertise, flexible,
                   parse_fields(sections["request"]), parse_fields(sections["response"]))


# ---- C++ --------------------------------------------------------------------------------------


def structs_of(fields):
    """(struct name, its fields, whether a tagged field holds it), inner ones first."""
    for each in fields:
        if each.is_struct:
            yield from structs_of(each.fields)
            yield each.type, each.fields, each.tag is not None


def default_of(each):
    if each.default is not None:
        return f" = {each.default}"
    if each.array or each.nullable or each.type not in NUMBERS and each.type not in ("bool",
                                                                                     "float64"):
        return ""
    return " = false" if each.type == "bool" else " = 0"


def declare(fields, indent):
    return [f"{indent}{each.cpp_type()} {each.name}{default_of(each)};" for each in fields]


def struct_lines(name, fields, compared, indent):
    lines = [f"{indent}struct {name} {{", *declare(fields, indent + "  "),
             f"{indent}  void decode(Reader& reader, int16_t version);",
             f"{indent}  void encode(Writer& writer, int16_t version) const;"]
    if compared:
        lines.append(f"{indent}  friend bool operator==(const {name}&, const {name}&) = default;")
    return [*lines, f"{indent}}};"]


def message_lines(message, name, fields):
    flexible = "false" if message.flexible is None else f"version >= {message.flexible}"
    unused = "" if message.flexible is not None else "[[maybe_unused]] "
    lines = [f"struct {name} {{", f'  static constexpr std::string_view kName = "{name}";',
             f"  static constexpr int16_t kKey = {message.key};",
             f"  static constexpr bool flexible({unused}int16_t version) {{ return {flexible}; }}",
             ""]
    for struct, inner, compared in structs_of(fields):
        lines += [*struct_lines(struct, inner, compared, "  "), ""]
    return [*lines, *declare(fields, "  "), "",
            "  void decode(Reader& reader, int16_t version);",
            "  void encode(Writer& writer, int16_t version) const;", "};", ""]


def header_of(message):
    lines = ["// Made by tools/kafka_messages.py; do not edit.", "#pragma once", "",
             "#include <cstdint>", "#include <optional>", "#include <string>",
             "#include <string_view>", "#include <vector>", "", '#include "base/buffer.h"',
             '#include "kafka/wire/reader.h"', '#include "kafka/wire/uuid.h"',
             '#include "kafka/wire/writer.h"', "", "namespace millrace::kafka {", "",
             f"// {message.about}",
             *message_lines(message, f"{message.name}Request", message.request),
             *message_lines(message, f"{message.name}Response", message.response),
             "}  // namespace millrace::kafka", ""]
    return "\n".join(lines)


def condition(each):
    parts = []
    if each.first > 0:
        parts.append(f"version >= {each.first}")
    if each.last is not None:
        parts.append(f"version <= {each.last}")
    return " && ".join(parts)


def read_one(each, target):
    """The statement that reads one element, or one field that is no array."""
    if each.is_struct:
        return f"{target}.decode(reader, version);"
    return f"{target} = {read_plain(each)};"


def read_plain(each):
    if each.type in NUMBERS:
        return f"reader.number<{NUMBERS[each.type]}>()"
    prefix = "nullable_" if each.nullable and not each.array else ""
    return f"reader.{prefix}{READS.get(each.type, each.type)}()"


def read_field(each):
    if each.array:
        call = "nullable_array" if each.nullable else "array"
        return [f"reader.{call}({each.name}, [&](auto& element) {{",
                f"  {read_one(each, 'element')}", "});"]
    if each.is_struct and each.nullable:
        return ["if (reader.present()) {", f"  {each.name} = {each.type}();",
                f"  {each.name}->decode(reader, version);", "}"]
    return [read_one(each, each.name)]


def write_one(each, source):
    if each.is_struct:
        return f"{source}.encode(writer, version);"
    if each.type in NUMBERS:
        return f"writer.number<{NUMBERS[each.type]}>({source});"
    prefix = "nullable_" if each.nullable and not each.array else ""
    return f"writer.{prefix}{READS.get(each.type, each.type)}({source});"


def write_field(each):
    if each.array:
        call = "nullable_array" if each.nullable else "array"
        return [f"writer.{call}({each.name}, [&](const auto& element) {{",
                f"  {write_one(each, 'element')}", "});"]
    if each.is_struct and each.nullable:
        return [f"writer.present({each.name}.has_value());",
                f"if ({each.name}) {each.name}->encode(writer, version);"]
    return [write_one(each, each.name)]


def guarded(each, lines):
    when = condition(each)
    if not when:
        return lines
    if len(lines) == 1:
        return [f"if ({when}) {lines[0]}"]
    return [f"if ({when}) {{", *("  " + line for line in lines), "}"]


def differs(each):
    """Whether a tagged field is worth writing: it has another value than the default."""
    if each.array or each.nullable or each.type in ("string", "bytes", "records"):
        unequal = f"{each.name}.has_value()" if each.nullable else f"!{each.name}.empty()"
    elif each.is_struct:
        unequal = f"!({each.name} == {each.type}())"
    elif each.type == "uuid":
        unequal = f"!{each.name}.empty()"
    else:
        unequal = f"{each.name} != {each.default or 0}"
    when = condition(each)
    return f"({when} && {unequal})" if when else f"({unequal})"


def decode_body(fields):
    lines = []
    for each in fields:
        if each.tag is None:
            lines += guarded(each, read_field(each))
    tagged = [each for each in fields if each.tag is not None]
    if not tagged:
        return [*lines, "reader.skip_tags();"]
    lines += ["reader.tags([&](uint32_t tag) {", "  switch (tag) {"]
    for each in tagged:
        when = condition(each)
        lines += [f"    case {each.tag}:"]
        if when:
            lines.append(f"      if (!({when})) return false;")
        lines += [*("      " + line for line in read_field(each)), "      return true;"]
    return [*lines, "    default:", "      return false;", "  }", "});"]


def encode_body(fields):
    lines = []
    for each in fields:
        if each.tag is None:
            lines += guarded(each, write_field(each))
    tagged = sorted((each for each in fields if each.tag is not None), key=lambda each: each.tag)
    if not tagged:
        return [*lines, "if (writer.flexible()) writer.uvarint(0);"]
    lines += ["if (!writer.flexible()) return;"]
    for each in tagged:
        lines.append(f"const bool has_{each.name} = {differs(each)};")
    total = " + ".join(f"uint32_t{{has_{each.name}}}" for each in tagged)
    lines.append(f"writer.uvarint({total});")
    for each in tagged:
        body = " ".join(write_field(each))
        lines += [f"if (has_{each.name}) {{",
                  f"  writer.tagged({each.tag}, [&](Writer& writer) {{ {body} }});", "}"]
    return lines


def method(struct, signature, body):
    unused = "" if any(re.search(r"\bversion\b", line) for line in body) else "[[maybe_unused]] "
    return [f"void {struct}::{signature.replace('int16_t', unused + 'int16_t')} {{",
            *("  " + line for line in body), "}", ""]


def codec_lines(name, fields):
    lines = []
    for struct, inner, _ in [*structs_of(fields), ("", fields, False)]:
        scope = f"{name}::{struct}" if struct else name
        lines += method(scope, "decode(Reader& reader, int16_t version)", decode_body(inner))
        lines += method(scope, "encode(Writer& writer, int16_t version) const", encode_body(inner))
    return lines


def source_of(messages):
    lines = ["// Made by tools/kafka_messages.py; do not edit."]
    lines += [f'#include "kafka/messages/{each.path.stem}.h"' for each in messages]
    lines += ["", "namespace millrace::kafka {", ""]
    for each in messages:
        lines += codec_lines(f"{each.name}Request", each.request)
        lines += codec_lines(f"{each.name}Response", each.response)
    return "\n".join([*lines, "}  // namespace millrace::kafka", ""])


def list_header_of(messages):
    lines = ["// Made by tools/kafka_messages.py; do not edit.", "#pragma once", ""]
    lines += [f'#include "kafka/messages/{each.path.stem}.h"' for each in messages]
    lines += ["", "// Calls `with(Name)` for each API, in order of keys.",
              "#define MILLRACE_KAFKA_APIS(with) \\"]
    lines += [f"  with({each.name}) \\" for each in messages]
    return "\n".join([*lines, ""]) + "\n"


def list_source_of(messages):
    lines = ["// Made by tools/kafka_messages.py; do not edit.", '#include "kafka/api.h"', "",
             "namespace millrace::kafka {", "namespace {", "", "constexpr Api kApis[] = {"]
    for each in messages:
        flexible = -1 if each.flexible is None else each.flexible
        lines.append(
            f'    {{.key = {each.key}, .name = "{each.name}", .about = "{each.about}",\n'
            f"     .served = {{{each.serve[0]}, {each.serve[1]}}},"
            f" .advertised = {{{each.advertise[0]}, {each.advertise[1]}}},\n"
            f"     .versions_max = {each.versions_max}, .flexible_from = {flexible}}},")
    lines += ["};", "", "}  // namespace", "", "std::span<const Api> apis() {", "  return kApis;",
              "}", "", "}  // namespace millrace::kafka", ""]
    return "\n".join(lines)


def outputs(source, target):
    """Every file to be written, and its text."""
    messages = []
    for path in sorted(source.rglob("*.msg")):
        try:
            messages.append(parse(path))
        except (TableError, KeyError, ValueError) as wrong:
            raise SystemExit(f"{path}: {wrong}") from wrong
    messages.sort(key=lambda each: each.key)
    folder = target / "kafka" / "messages"
    files = {folder / f"{each.path.stem}.h": header_of(each) for each in messages}
    for subject in sorted({each.path.parent for each in messages}):
        inside = [each for each in messages if each.path.parent == subject]
        files[folder / f"{subject.name}.cc"] = source_of(inside)
    files[folder / "api_list.h"] = list_header_of(messages)
    files[folder / "api_list.cc"] = list_source_of(messages)
    return files


def main():
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    files = outputs(source, target)
    if "--list" in sys.argv[3:]:
        print(";".join(str(path) for path in files if path.suffix == ".cc"), end="")
        return
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


if __name__ == "__main__":
    main()
