#include <fmt/core.h>

#include "functions/builtin.h"
#include "functions/byte_search.h"
#include "functions/family.h"
#include "functions/utf8.h"

namespace millrace::functions {
namespace {

constexpr std::string_view kFamily = "comparison";

std::string ascii_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
  return lower;
}

// A LIKE pattern: fixed pieces between runs of '%'; '_' inside a piece is any character.
class LikePattern {
 public:
  // nullopt: the pattern ends with its escape character.
  static std::optional<LikePattern> parse(std::string_view pattern, std::string_view escape) {
    LikePattern parsed;
    parsed.pieces_.emplace_back();
    while (!pattern.empty()) {
      const std::string_view character = first_character(pattern);
      pattern.remove_prefix(character.size());
      Piece& piece = parsed.pieces_.back();
      if (!escape.empty() && character == escape) {
        if (pattern.empty()) return std::nullopt;
        const std::string_view literal = first_character(pattern);
        pattern.remove_prefix(literal.size());
        piece.add(literal);
      } else if (character == "%") {
        parsed.pieces_.emplace_back();
      } else if (character == "_") {
        piece.add_any();
      } else {
        piece.add(character);
      }
    }
    return parsed;
  }

  bool matches(std::string_view text) const {
    const Piece& first = pieces_.front();
    if (pieces_.size() == 1) return first.matches_whole(text);
    size_t used = 0;
    if (!first.matches_at(text, used)) return false;
    text.remove_prefix(used);
    for (size_t at = 1; at + 1 < pieces_.size(); ++at) {
      if (!pieces_[at].take_first(text)) return false;
    }
    return pieces_.back().matches_end(text);
  }

 private:
  class Piece {
   public:
    void add(std::string_view character) { bytes_ += character; }
    void add_any() { any_.push_back(bytes_.size()); }

    // Whether the piece stands at the front of the text; how many bytes it takes there.
    bool matches_at(std::string_view text, size_t& used) const {
      size_t at = 0;
      size_t from = 0;
      for (const size_t any : any_) {
        const std::string_view part(bytes_.data() + from, any - from);
        if (!text.substr(at).starts_with(part)) return false;
        at += part.size();
        if (at == text.size()) return false;
        at += first_character(text.substr(at)).size();
        from = any;
      }
      const std::string_view rest(bytes_.data() + from, bytes_.size() - from);
      if (!text.substr(at).starts_with(rest)) return false;
      used = at + rest.size();
      return true;
    }
    bool matches_whole(std::string_view text) const {
      size_t used = 0;
      return matches_at(text, used) && used == text.size();
    }
    // Takes everything up to the end of the piece's first place off the front of the text.
    bool take_first(std::string_view& text) const {
      if (any_.empty()) {
        const size_t at = find_bytes(text, bytes_);
        if (at == std::string_view::npos) return false;
        text.remove_prefix(at + bytes_.size());
        return true;
      }
      const std::string_view literal(bytes_.data(), any_.front());
      while (true) {
        const size_t at = find_bytes(text, literal);
        if (at == std::string_view::npos) return false;
        text.remove_prefix(at);
        size_t used = 0;
        if (matches_at(text, used)) {
          text.remove_prefix(used);
          return true;
        }
        if (text.empty()) return false;
        text.remove_prefix(first_character(text).size());
      }
    }
    bool matches_end(std::string_view text) const {
      if (any_.empty()) return text.ends_with(bytes_);
      for (; !text.empty(); text.remove_prefix(first_character(text).size())) {
        if (matches_whole(text)) return true;
      }
      return false;
    }

   private:
    std::string bytes_;
    std::vector<size_t> any_;  // before which of bytes_ an arbitrary character stands
  };

  std::vector<Piece> pieces_;
};

template <bool kIgnoresCase>
class LikeKernel : public Kernel {
 public:
  explicit LikeKernel(const KernelContext& context) {
    const std::string* const pattern = constant_text(context, 1);
    const bool has_escape = context.arguments.size() == 3;
    const std::string* const escape = has_escape ? constant_text(context, 2) : nullptr;
    if (pattern != nullptr && (!has_escape || escape != nullptr)) {
      constant_ = parse(*pattern, has_escape ? *escape : "\\");
    }
  }

  ColumnPtr run(KernelCall& call) override {
    const TextReader texts(call.argument(0));
    return boolean_rows(call, false, [&](uint32_t row) {
      const LikePattern* pattern = constant_ ? &*constant_ : pattern_of(call, row);
      if (pattern == nullptr) return false;
      if constexpr (kIgnoresCase) return pattern->matches(ascii_lower(texts[row]));
      return pattern->matches(texts[row]);
    });
  }

 private:
  static std::optional<LikePattern> parse(std::string_view pattern, std::string_view escape) {
    if constexpr (kIgnoresCase) return LikePattern::parse(ascii_lower(pattern), escape);
    return LikePattern::parse(pattern, escape);
  }

  const LikePattern* pattern_of(KernelCall& call, uint32_t row) {
    const std::string_view pattern = TextReader(call.argument(1))[row];
    const std::string_view escape =
        call.arguments.size() == 3 ? TextReader(call.argument(2))[row] : "\\";
    last_ = parse(pattern, escape);
    if (last_) return &*last_;
    call.fail(row, ErrorCode::kInvalidArgument,
              fmt::format("the pattern {} ends with its escape character", shown(pattern)));
    return nullptr;
  }

  std::optional<LikePattern> constant_;
  std::optional<LikePattern> last_;
};

template <bool kIgnoresCase>
void add(FunctionRegistry& registry, FunctionDoc doc) {
  const Overload two{.parameters = {Accepts::kText, Accepts::kText},
                     .result = always(TypeKind::kBoolean),
                     .kernel = kernel_of<LikeKernel<kIgnoresCase>>(),
                     .properties = kFails};
  Overload three = two;
  three.parameters.emplace_back(Accepts::kText);
  registry.add(expr::ScalarFunction{
      .doc = std::move(doc), .overloads = {two, three}, .syntax = expr::Syntax::kInfix});
}

}  // namespace

void register_like(FunctionRegistry& registry) {
  add<false>(registry, {"LIKE", kFamily, "text LIKE pattern [ESCAPE character] -> BOOLEAN",
                        "Whether the whole text fits the pattern: % is anything, _ one character; "
                        "the escape is \\ unless said otherwise.",
                        "'millrace' LIKE 'm_ll%'", "true"});
  add<true>(registry, {"ILIKE", kFamily, "text ILIKE pattern [ESCAPE character] -> BOOLEAN",
                       "LIKE without regard to the case of the letters A to Z.",
                       "'MillRace' ILIKE '%RACE'", "true"});
}

}  // namespace millrace::functions
