#include <fmt/core.h>

#include <charconv>

#include "expr/json_text.h"
#include "functions/builtin.h"
#include "functions/family.h"

namespace millrace::functions {
namespace {

constexpr std::string_view kFamily = "JSON";

// A path like "$.a.b[0]", with 'lax' or 'strict' before it: the steps from the whole document on.
class JsonPath {
 public:
  static std::optional<JsonPath> parse(std::string_view text) {
    JsonPath path;
    for (const std::string_view mode : {"lax ", "strict "}) {
      if (text.starts_with(mode)) text.remove_prefix(mode.size());
    }
    if (!text.starts_with('$')) return std::nullopt;
    text.remove_prefix(1);
    while (!text.empty()) {
      const bool good = text[0] == '.' ? path.take_member(text) : path.take_bracket(text);
      if (!good) return std::nullopt;
    }
    return path;
  }

  std::optional<std::string_view> find(std::string_view document) const {
    std::optional<std::string_view> value = document;
    for (const Step& step : steps_) {
      value = step.is_index ? expr::json_element(*value, step.index)
                            : expr::json_member(*value, step.name);
      if (!value) return std::nullopt;
    }
    if (!steps_.empty()) return value;
    return expr::take_json_value(document);
  }

 private:
  struct Step {
    bool is_index = false;
    std::string name;
    int64_t index = 0;
  };

  bool take_member(std::string_view& text) {
    text.remove_prefix(1);
    if (text.starts_with('"')) return take_quoted(text, '"');
    const size_t end = std::min(text.find_first_of(".["), text.size());
    if (end == 0) return false;
    steps_.push_back({.name = std::string(text.substr(0, end))});
    text.remove_prefix(end);
    return true;
  }

  bool take_quoted(std::string_view& text, char quote) {
    const size_t end = text.find(quote, 1);
    if (end == std::string_view::npos) return false;
    steps_.push_back({.name = std::string(text.substr(1, end - 1))});
    text.remove_prefix(end + 1);
    return true;
  }

  bool take_bracket(std::string_view& text) {
    if (text[0] != '[') return false;
    text.remove_prefix(1);
    if (text.starts_with('\'') || text.starts_with('"')) {
      if (!take_quoted(text, text[0])) return false;
    } else {
      Step step{.is_index = true};
      const auto parsed = std::from_chars(text.data(), text.data() + text.size(), step.index);
      if (parsed.ec != std::errc()) return false;
      text.remove_prefix(static_cast<size_t>(parsed.ptr - text.data()));
      steps_.push_back(std::move(step));
    }
    if (!text.starts_with(']')) return false;
    text.remove_prefix(1);
    return true;
  }

  std::vector<Step> steps_;
};

// ---- results ------------------------------------------------------------------------------------

// Writes found pieces of JSON as the rows of a text column, sharing the document's heaps.
class PieceWriter {
 public:
  explicit PieceWriter(KernelCall& call)
      : column_(call.argument(0)),
        texts_(column_),
        writer_(call),
        heap_(writer_.share_heaps(column_)) {}

  std::string_view document(uint32_t row) const { return column_.text_of(texts_.view(row)); }
  void set_null(uint32_t row) {
    writer_.set(row, {});
    writer_.set_null(row);
  }
  // As it stands in the document.
  void set_raw(uint32_t row, std::string_view piece) {
    writer_.set_part(row, texts_.view(row), document(row), piece, heap_);
  }
  // A string without its quotes; null as NULL.
  void set_plain(uint32_t row, std::string_view piece) {
    switch (expr::json_kind(piece)) {
      case expr::JsonKind::kNull:
        set_null(row);
        return;
      case expr::JsonKind::kString:
        break;
      default:
        set_raw(row, piece);
        return;
    }
    if (piece.find('\\') == std::string_view::npos) {
      set_raw(row, piece.substr(1, piece.size() - 2));
    } else {
      scratch_.clear();
      expr::append_json_string(scratch_, piece);
      writer_.set(row, scratch_);
    }
  }
  ColumnPtr finish() { return writer_.finish(); }

 private:
  const Column& column_;
  TextReader texts_;
  TextWriter writer_;
  uint32_t heap_;
  std::string scratch_;
};

bool is_scalar(std::string_view piece) {
  const expr::JsonKind kind = expr::json_kind(piece);
  return kind != expr::JsonKind::kObject && kind != expr::JsonKind::kArray;
}

// ---- by path ------------------------------------------------------------------------------------

Error bad_path(std::string_view text) {
  return Error(ErrorCode::kInvalidArgument, fmt::format("{} is no JSON path", shown(text)))
      .remedy("A path looks like '$.name[0]'.");
}

enum class Asks : uint8_t { kValue, kQuery, kExists };

class PathKernel : public Kernel {
 public:
  PathKernel(std::optional<JsonPath> constant, Asks asks)
      : constant_(std::move(constant)), asks_(asks) {}

  ColumnPtr run(KernelCall& call) override {
    if (asks_ == Asks::kExists) {
      const TextReader documents(call.argument(0));
      return boolean_rows(call, false, [&](uint32_t row) {
        const JsonPath* const path = path_at(call, row);
        return path != nullptr && path->find(documents[row]).has_value();
      });
    }
    PieceWriter writer(call);
    call.rows.for_each([&](uint32_t row) {
      const JsonPath* const path = path_at(call, row);
      const auto piece = path != nullptr ? path->find(writer.document(row)) : std::nullopt;
      if (!piece || is_scalar(*piece) != (asks_ == Asks::kValue)) {
        writer.set_null(row);
      } else if (asks_ == Asks::kValue) {
        writer.set_plain(row, *piece);
      } else {
        writer.set_raw(row, *piece);
      }
    });
    return writer.finish();
  }

 private:
  const JsonPath* path_at(KernelCall& call, uint32_t row) {
    if (constant_) return &*constant_;
    const std::string_view text = TextReader(call.argument(1))[row];
    last_ = JsonPath::parse(text);
    if (last_) return &*last_;
    call.fail(row, ErrorCode::kInvalidArgument, fmt::format("{} is no JSON path", shown(text)));
    return nullptr;
  }

  std::optional<JsonPath> constant_;
  std::optional<JsonPath> last_;
  Asks asks_;
};

expr::MakeKernel path_kernel(Asks asks) {
  return [asks](const KernelContext& context) -> Result<std::unique_ptr<Kernel>> {
    std::optional<JsonPath> path;
    if (const std::string* const text = constant_text(context, 1)) {
      path = JsonPath::parse(*text);
      if (!path) return bad_path(*text);
    }
    return std::make_unique<PathKernel>(std::move(path), asks);
  };
}

// ---- by one step --------------------------------------------------------------------------------

template <bool kPlainText, bool kByName>
ColumnPtr get(KernelCall& call) {
  PieceWriter writer(call);
  const Column& step = call.argument(1);
  call.rows.for_each([&](uint32_t row) {
    std::optional<std::string_view> piece;
    if constexpr (kByName) {
      piece = expr::json_member(writer.document(row), TextReader(step)[row]);
    } else {
      piece = expr::json_element(writer.document(row), Reader<int64_t>(step)[row]);
    }
    if (!piece) {
      writer.set_null(row);
    } else if (kPlainText) {
      writer.set_plain(row, *piece);
    } else {
      writer.set_raw(row, *piece);
    }
  });
  return writer.finish();
}

ColumnPtr is_json(KernelCall& call) {
  const TextReader texts(call.argument(0));
  return boolean_rows(call, false, [&](uint32_t row) { return expr::is_json(texts[row]); });
}

template <bool kPlainText>
void add_get(FunctionRegistry& registry, FunctionDoc doc, TypeKind result) {
  expr::ScalarFunction function{.doc = std::move(doc), .syntax = expr::Syntax::kInfix};
  for (const expr::Parameter& document :
       {expr::Parameter(TypeKind::kJson), expr::Parameter(Accepts::kText)}) {
    function.overloads.push_back({.parameters = {document, Accepts::kText},
                                  .result = always(result),
                                  .kernel = plain_kernel(get<kPlainText, true>),
                                  .properties = kMakesNulls});
    function.overloads.push_back({.parameters = {document, TypeKind::kBigint},
                                  .result = always(result),
                                  .kernel = plain_kernel(get<kPlainText, false>),
                                  .properties = kMakesNulls});
  }
  registry.add(std::move(function));
}

void add_path(FunctionRegistry& registry, FunctionDoc doc, TypeKind result, Asks asks) {
  FunctionProperties properties = asks == Asks::kExists ? kFails : kFailsOrNull;
  expr::ScalarFunction function{.doc = std::move(doc)};
  for (const expr::Parameter& document :
       {expr::Parameter(Accepts::kText), expr::Parameter(TypeKind::kJson)}) {
    function.overloads.push_back({.parameters = {document, Accepts::kText},
                                  .result = always(result),
                                  .kernel = path_kernel(asks),
                                  .properties = properties});
  }
  registry.add(std::move(function));
}

}  // namespace

void register_json(FunctionRegistry& registry) {
  add_path(registry,
           {"JSON_VALUE", kFamily, "JSON_VALUE(document, path) -> STRING",
            "The scalar at the path as text; NULL where there is none.",
            "JSON_VALUE('{\"a\": [1, \"x\"]}', '$.a[1]')", "x"},
           TypeKind::kVarchar, Asks::kValue);
  add_path(registry,
           {"JSON_QUERY", kFamily, "JSON_QUERY(document, path) -> STRING",
            "The object or array at the path as JSON; NULL where there is none.",
            "JSON_QUERY('{\"a\": [1, 2]}', '$.a')", "[1, 2]"},
           TypeKind::kVarchar, Asks::kQuery);
  add_path(
      registry,
      {"JSON_EXISTS", kFamily, "JSON_EXISTS(document, path) -> BOOLEAN",
       "Whether there is something at the path.", "JSON_EXISTS('{\"a\": null}', '$.a')", "true"},
      TypeKind::kBoolean, Asks::kExists);
  add_get<false>(registry,
                 {"->", kFamily, "json -> name | index -> JSON",
                  "The member of this name, or the element with this index, from 0.",
                  "'{\"a\": {\"b\": 1}}' -> 'a'", "{\"b\": 1}"},
                 TypeKind::kJson);
  add_get<true>(registry,
                {"->>", kFamily, "json ->> name | index -> STRING",
                 "The member of this name, or the element with this index, as text.",
                 "'[\"a\", \"b\"]' ->> 1", "b"},
                TypeKind::kVarchar);
  registry.add(expr::ScalarFunction{
      .doc = {"IS_JSON", kFamily, "text IS JSON -> BOOLEAN", "Whether the text is one JSON value.",
              "IS_JSON('{\"a\": 1}')", "true"},
      .overloads = {{.parameters = {Accepts::kText},
                     .result = always(TypeKind::kBoolean),
                     .kernel = plain_kernel(is_json)}}});
}

}  // namespace millrace::functions
