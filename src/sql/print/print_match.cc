#include <array>

#include "sql/print/printer.h"

namespace millrace::sql {
namespace {

// Whether it needs parentheses beside others; the empty sequence brings its own.
bool is_compound(const Pattern& pattern) {
  const auto* sequence = std::get_if<PatternSequence>(&pattern.node);
  return std::holds_alternative<PatternAlternatives>(pattern.node) ||
         (sequence != nullptr && !sequence->parts.empty());
}

std::string_view rows_words(RowsPerMatch rows) {
  constexpr auto kWords = std::to_array<std::string_view>(
      {"", " ONE ROW PER MATCH", " ALL ROWS PER MATCH", " ALL ROWS PER MATCH SHOW EMPTY MATCHES",
       " ALL ROWS PER MATCH OMIT EMPTY MATCHES", " ALL ROWS PER MATCH WITH UNMATCHED ROWS"});
  return kWords[static_cast<size_t>(rows)];
}

std::string_view after_words(AfterMatch after) {
  constexpr auto kWords = std::to_array<std::string_view>(
      {"", " AFTER MATCH SKIP PAST LAST ROW", " AFTER MATCH SKIP TO NEXT ROW",
       " AFTER MATCH SKIP TO FIRST ", " AFTER MATCH SKIP TO LAST "});
  return kWords[static_cast<size_t>(after)];
}

std::string quantifier(const PatternQuantified& pattern) {
  const bool unbounded = !pattern.at_most;
  if (unbounded && pattern.at_least == 0) return "*";
  if (unbounded && pattern.at_least == 1) return "+";
  if (pattern.at_least == 0 && pattern.at_most == 1U) return "?";
  std::string text = "{" + std::to_string(pattern.at_least);
  if (unbounded) return text + ",}";
  if (*pattern.at_most != pattern.at_least) text += "," + std::to_string(*pattern.at_most);
  return text + "}";
}

}  // namespace

void Printer::print(const MatchRecognizeTable& table) {
  factor(*table.input);
  *this << " MATCH_RECOGNIZE (";
  const size_t inside = out_.size();
  partition_and_order(table.partition_by, table.order_by);
  for (size_t i = 0; i < table.measures.size(); ++i) {
    *this << (i == 0 ? " MEASURES " : ", ") << table.measures[i].expression << " AS "
          << table.measures[i].name;
  }
  *this << rows_words(table.rows) << after_words(table.after_match);
  if (table.after_match_variable) *this << *table.after_match_variable;
  *this << " PATTERN (" << table.pattern << ")";
  if (table.within) *this << " WITHIN " << *table.within;
  for (size_t i = 0; i < table.subsets.size(); ++i) {
    *this << (i == 0 ? " SUBSET " : ", ") << table.subsets[i].name << " = ";
    names(table.subsets[i].members);
  }
  for (size_t i = 0; i < table.definitions.size(); ++i) {
    *this << (i == 0 ? " DEFINE " : ", ") << table.definitions[i].variable << " AS "
          << table.definitions[i].condition;
  }
  if (out_[inside] == ' ') out_.erase(inside, 1);
  *this << ")";
}

void Printer::print(const Pattern& pattern) {
  any(pattern.node);
}

void Printer::print(const PatternSequence& pattern) {
  if (pattern.parts.empty()) *this << "()";
  for (size_t i = 0; i < pattern.parts.size(); ++i) {
    const bool parentheses = is_compound(pattern.parts[i]);
    *this << (i == 0 ? "" : " ") << (parentheses ? "(" : "") << pattern.parts[i]
          << (parentheses ? ")" : "");
  }
}

void Printer::print(const PatternAlternatives& pattern) {
  for (size_t i = 0; i < pattern.choices.size(); ++i) {
    const bool nested = std::holds_alternative<PatternAlternatives>(pattern.choices[i].node);
    *this << (i == 0 ? "" : " | ") << (nested ? "(" : "") << pattern.choices[i]
          << (nested ? ")" : "");
  }
}

void Printer::print(const PatternQuantified& pattern) {
  const bool parentheses =
      is_compound(*pattern.part) || std::holds_alternative<PatternQuantified>(pattern.part->node);
  *this << (parentheses ? "(" : "") << *pattern.part << (parentheses ? ")" : "")
        << quantifier(pattern) << (pattern.reluctant ? "?" : "");
}

void Printer::print(const PatternExclusion& pattern) {
  *this << "{- " << *pattern.part << " -}";
}

void Printer::print(const PatternPermute& pattern) {
  *this << "PERMUTE(";
  list(pattern.parts);
  *this << ")";
}

void Printer::print(const PatternAnchor& pattern) {
  *this << (pattern.at_end ? "$" : "^");
}

}  // namespace millrace::sql
