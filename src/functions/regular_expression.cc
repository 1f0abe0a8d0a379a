#include <fmt/core.h>
#include <re2/re2.h>

#include <map>

#include "functions/builtin.h"
#include "functions/family.h"

namespace millrace::functions {
namespace {

constexpr std::string_view kFamily = "regular expression";
constexpr size_t kPatternsKeptMax = 64;

re2::StringPiece piece(std::string_view text) {
  return {text.data(), text.size()};
}
std::string_view view(const re2::StringPiece& piece) {
  return {piece.data(), piece.size()};
}

// What is between a pattern as written and what RE2 gets.
enum class Dialect : uint8_t { kPlain, kIgnoresCase, kSimilar };

// SIMILAR TO: the whole text; % is .*, _ is ., the other signs mean themselves or what they do
// there.
std::string similar_pattern(std::string_view pattern) {
  std::string translated = "(?s)^(?:";
  for (size_t at = 0; at < pattern.size(); ++at) {
    const char c = pattern[at];
    if (c == '%') {
      translated += ".*";
    } else if (c == '_') {
      translated += '.';
    } else if (c == '\\' && at + 1 < pattern.size()) {
      translated += RE2::QuoteMeta(piece(pattern.substr(++at, 1)));
    } else if (c == '.' || c == '^' || c == '$') {
      translated += '\\';
      translated += c;
    } else {
      translated += c;
    }
  }
  return translated + ")$";
}

std::unique_ptr<RE2> compile(std::string_view pattern, Dialect dialect) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_case_sensitive(dialect != Dialect::kIgnoresCase);
  if (dialect == Dialect::kSimilar) {
    return std::make_unique<RE2>(similar_pattern(pattern), options);
  }
  return std::make_unique<RE2>(piece(pattern), options);
}

std::string complaint(std::string_view pattern, const RE2& compiled) {
  return fmt::format("the pattern {} is no regular expression: {}", shown(pattern),
                     compiled.error());
}

// The pattern argument of a kernel: compiled once if it is constant, else kept for a while.
class Patterns {
 public:
  Patterns(const KernelContext& context, size_t argument, Dialect dialect)
      : argument_(argument), dialect_(dialect) {
    if (const std::string* const text = constant_text(context, argument)) {
      constant_ = compile(*text, dialect);
      text_ = *text;
    }
  }
  // Failure: kInvalidArgument: a constant that is no pattern.
  Result<void> check() const {
    if (constant_ == nullptr || constant_->ok()) return {};
    return Error(ErrorCode::kInvalidArgument, complaint(text_, *constant_));
  }
  const RE2* constant() const { return constant_.get(); }

  // Null: the row's pattern is none, and the row has failed.
  const RE2* at(KernelCall& call, uint32_t row) {
    if (constant_ != nullptr) return constant_.get();
    const std::string_view text = TextReader(call.argument(argument_))[row];
    if (known_.size() > kPatternsKeptMax) known_.clear();
    auto found = known_.find(text);
    if (found == known_.end()) {
      found = known_.emplace(std::string(text), compile(text, dialect_)).first;
    }
    if (found->second->ok()) return found->second.get();
    call.fail(row, ErrorCode::kInvalidArgument, complaint(text, *found->second));
    return nullptr;
  }

 private:
  size_t argument_;
  Dialect dialect_;
  std::string text_;
  std::unique_ptr<RE2> constant_;
  std::map<std::string, std::unique_ptr<RE2>, std::less<>> known_;
};

// A kernel whose pattern is argument 1, refused at once if it is constant and bad.
template <class K>
expr::MakeKernel pattern_kernel(Dialect dialect, bool flag = false) {
  return [=](const KernelContext& context) -> Result<std::unique_ptr<Kernel>> {
    Patterns patterns(context, 1, dialect);
    MILLRACE_TRY(patterns.check());
    return std::make_unique<K>(std::move(patterns), flag);
  };
}

// flag: negated.
class MatchKernel : public Kernel {
 public:
  MatchKernel(Patterns patterns, bool negated)
      : patterns_(std::move(patterns)), negated_(negated) {}
  ColumnPtr run(KernelCall& call) override {
    const TextReader texts(call.argument(0));
    return boolean_rows(call, false, [&](uint32_t row) {
      const RE2* const pattern = patterns_.at(call, row);
      if (pattern == nullptr) return false;
      const std::string_view text = texts[row];
      return pattern->Match(piece(text), 0, text.size(), RE2::UNANCHORED, nullptr, 0) != negated_;
    });
  }

 private:
  Patterns patterns_;
  bool negated_;
};

class ExtractKernel : public Kernel {
 public:
  ExtractKernel(Patterns patterns, bool) : patterns_(std::move(patterns)) {}

  ColumnPtr run(KernelCall& call) override {
    const Column& column = call.argument(0);
    const TextReader texts(column);
    TextWriter writer(call);
    const uint32_t heap = writer.share_heaps(column);
    const bool has_group = call.arguments.size() == 3;
    call.rows.for_each([&](uint32_t row) {
      const data::Text& whole = texts.view(row);
      const std::string_view text = column.text_of(whole);
      const int32_t group = has_group ? Reader<int32_t>(call.argument(2))[row] : 0;
      const std::optional<std::string_view> found = find(call, row, text, group);
      if (found) {
        writer.set_part(row, whole, text, *found, heap);
      } else {
        writer.set(row, {});
        writer.set_null(row);
      }
    });
    return writer.finish();
  }

 private:
  std::optional<std::string_view> find(KernelCall& call, uint32_t row, std::string_view text,
                                       int32_t group) {
    const RE2* const pattern = patterns_.at(call, row);
    if (pattern == nullptr) return std::nullopt;
    if (group < 0 || group > pattern->NumberOfCapturingGroups()) {
      call.fail(row, ErrorCode::kInvalidArgument,
                fmt::format("the pattern has {} groups, but group {} is asked for",
                            pattern->NumberOfCapturingGroups(), group));
      return std::nullopt;
    }
    groups_.resize(static_cast<size_t>(group) + 1);
    if (!pattern->Match(piece(text), 0, text.size(), RE2::UNANCHORED, groups_.data(), group + 1)) {
      return std::nullopt;
    }
    const re2::StringPiece& found = groups_[static_cast<size_t>(group)];
    if (found.data() == nullptr) return std::nullopt;
    return view(found);
  }

  Patterns patterns_;
  std::vector<re2::StringPiece> groups_;
};

// flag: every occurrence, unless the flags argument says otherwise.
class ReplaceKernel : public Kernel {
 public:
  ReplaceKernel(Patterns patterns, bool all) : patterns_(std::move(patterns)), all_(all) {}

  ColumnPtr run(KernelCall& call) override {
    const TextReader texts(call.argument(0));
    const TextReader replacements(call.argument(2));
    return expr::text_rows(call, [&](uint32_t row, std::string& to) {
      const RE2* const pattern = patterns_.at(call, row);
      if (pattern == nullptr) return;
      bool all = all_;
      if (call.arguments.size() == 4) all = is_global(call, row);
      to = texts[row];
      const std::string rewrite = rewriting(replacements[row]);
      if (all) {
        RE2::GlobalReplace(&to, *pattern, rewrite);
      } else {
        RE2::Replace(&to, *pattern, rewrite);
      }
    });
  }

 private:
  static bool is_global(KernelCall& call, uint32_t row) {
    const std::string_view flags = TextReader(call.argument(3))[row];
    if (flags.find_first_not_of("g") != std::string_view::npos) {
      call.fail(row, ErrorCode::kInvalidArgument,
                fmt::format("the flags {} are not known; 'g' is", shown(flags)));
    }
    return flags.find('g') != std::string_view::npos;
  }

  // \1 and $1 are groups, \& is the whole match.
  static std::string rewriting(std::string_view replacement) {
    std::string to;
    for (size_t at = 0; at < replacement.size(); ++at) {
      const char c = replacement[at];
      const char next = at + 1 < replacement.size() ? replacement[at + 1] : '\0';
      const bool is_digit = next >= '0' && next <= '9';
      if ((c == '\\' || c == '$') && is_digit) {
        to += '\\';
        to += next;
        ++at;
      } else if (c == '\\' && next == '&') {
        to += "\\0";
        ++at;
      } else {
        if (c == '\\') to += '\\';
        to += c;
      }
    }
    return to;
  }

  Patterns patterns_;
  bool all_;
};

void add_match(FunctionRegistry& registry, FunctionDoc doc, Dialect dialect, bool negated,
               expr::Syntax syntax = expr::Syntax::kInfix) {
  registry.add(
      expr::ScalarFunction{.doc = std::move(doc),
                           .overloads = {{.parameters = {Accepts::kText, Accepts::kText},
                                          .result = always(TypeKind::kBoolean),
                                          .kernel = pattern_kernel<MatchKernel>(dialect, negated),
                                          .properties = kFails}},
                           .syntax = syntax});
}

void add_replace(FunctionRegistry& registry, FunctionDoc doc, bool all) {
  const Overload three{.parameters = {Accepts::kText, Accepts::kText, Accepts::kText},
                       .result = always(TypeKind::kVarchar),
                       .kernel = pattern_kernel<ReplaceKernel>(Dialect::kPlain, all),
                       .properties = kFails};
  Overload four = three;
  four.parameters.emplace_back(Accepts::kText);
  registry.add(expr::ScalarFunction{.doc = std::move(doc), .overloads = {three, four}});
}

}  // namespace

void register_regular_expressions(FunctionRegistry& registry) {
  add_match(
      registry,
      {"~", kFamily, "text ~ pattern -> BOOLEAN",
       "Whether the regular expression fits some part of the text.", "'abc' ~ '^a.c$'", "true"},
      Dialect::kPlain, false);
  add_match(registry,
            {"!~", kFamily, "text !~ pattern -> BOOLEAN",
             "Whether the regular expression fits no part of the text.", "'abc' !~ 'x'", "true"},
            Dialect::kPlain, true);
  add_match(
      registry,
      {"~*", kFamily, "text ~* pattern -> BOOLEAN",
       "Whether the regular expression fits some part, whatever the case.", "'ABC' ~* 'b'", "true"},
      Dialect::kIgnoresCase, false);
  add_match(
      registry,
      {"!~*", kFamily, "text !~* pattern -> BOOLEAN",
       "Whether the regular expression fits no part, whatever the case.", "'ABC' !~* 'b'", "false"},
      Dialect::kIgnoresCase, true);
  add_match(registry,
            {"SIMILAR TO", kFamily, "text SIMILAR TO pattern -> BOOLEAN",
             "Whether the whole text fits the SQL pattern: % _ | * + ? () [].",
             "'abc' SIMILAR TO '%(b|d)%'", "true"},
            Dialect::kSimilar, false);
  add_match(registry,
            {"REGEXP_LIKE",
             kFamily,
             "REGEXP_LIKE(text, pattern) -> BOOLEAN",
             "Whether the regular expression fits some part of the text.",
             "REGEXP_LIKE('foobar', 'o+b')",
             "true",
             {"REGEXP", "RLIKE"}},
            Dialect::kPlain, false, expr::Syntax::kCall);
  const Overload two{.parameters = {Accepts::kText, Accepts::kText},
                     .result = always(TypeKind::kVarchar),
                     .kernel = pattern_kernel<ExtractKernel>(Dialect::kPlain),
                     .properties = kFailsOrNull};
  Overload three = two;
  three.parameters.emplace_back(TypeKind::kInt);
  registry.add(expr::ScalarFunction{
      .doc = {"REGEXP_EXTRACT", kFamily, "REGEXP_EXTRACT(text, pattern [, group]) -> STRING",
              "What the group of the first match holds, 0 being the whole; NULL without a match.",
              "REGEXP_EXTRACT('id=42&x=1', 'id=([0-9]+)', 1)", "42"},
      .overloads = {two, three}});
  add_replace(
      registry,
      {"REGEXP_REPLACE", kFamily, "REGEXP_REPLACE(text, pattern, replacement [, flags]) -> STRING",
       "The text with the first match replaced, with the flag 'g' every one; \\1 is a "
       "group.",
       "REGEXP_REPLACE('a1b2', '[0-9]', '#', 'g')", "a#b#"},
      false);
  add_replace(
      registry,
      {"flink:REGEXP_REPLACE", kFamily, "REGEXP_REPLACE(text, pattern, replacement) -> STRING",
       "The text with every match replaced; $1 is a group.", "REGEXP_REPLACE('a1b2', '[0-9]', '#')",
       "a#b#"},
      true);
}

}  // namespace millrace::functions
