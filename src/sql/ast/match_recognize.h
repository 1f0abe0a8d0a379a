#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sql/ast/box.h"
#include "sql/ast/choice.h"
#include "sql/ast/expression.h"
#include "sql/ast/name.h"
#include "sql/ast/span.h"

namespace millrace::sql {

struct TableRef;
struct Pattern;

// A B C: one after the other; () is the empty sequence.
struct PatternSequence {
  std::vector<Pattern> parts;
  friend bool operator==(const PatternSequence&, const PatternSequence&) = default;
};

// A | B: two or more.
struct PatternAlternatives {
  std::vector<Pattern> choices;
  friend bool operator==(const PatternAlternatives&, const PatternAlternatives&) = default;
};

// A*, A+?, A{2,5}. `at_most` absent: without bound.
struct PatternQuantified {
  Box<Pattern> part;
  uint32_t at_least = 0;
  std::optional<uint32_t> at_most;
  bool reluctant = false;
  friend bool operator==(const PatternQuantified&, const PatternQuantified&) = default;
};

// {- A B -}: matched, but left out of ALL ROWS PER MATCH.
struct PatternExclusion {
  Box<Pattern> part;
  friend bool operator==(const PatternExclusion&, const PatternExclusion&) = default;
};

// PERMUTE(A, B, C): in any order.
struct PatternPermute {
  std::vector<Pattern> parts;
  friend bool operator==(const PatternPermute&, const PatternPermute&) = default;
};

// ^ (first row of the partition), $ (last).
struct PatternAnchor {
  bool at_end = false;
  friend bool operator==(const PatternAnchor&, const PatternAnchor&) = default;
};

struct PatternVariable {
  Identifier name;
  friend bool operator==(const PatternVariable&, const PatternVariable&) = default;
};

struct Pattern {
  Choice<PatternVariable, PatternSequence, PatternAlternatives, PatternQuantified, PatternExclusion,
         PatternPermute, PatternAnchor>
      node;
  Span span;
  friend bool operator==(const Pattern&, const Pattern&) = default;
};

// x AS name.
struct Measure {
  Expression expression;
  Identifier name;
  friend bool operator==(const Measure&, const Measure&) = default;
};

// SUBSET u = (a, b).
struct PatternSubset {
  Identifier name;
  std::vector<Identifier> members;
  friend bool operator==(const PatternSubset&, const PatternSubset&) = default;
};

// DEFINE a AS condition.
struct PatternDefinition {
  Identifier variable;
  Expression condition;
  friend bool operator==(const PatternDefinition&, const PatternDefinition&) = default;
};

enum class RowsPerMatch : uint8_t {
  kDefault,  // nothing said: one row
  kOne,
  kAll,
  kAllShowEmpty,      // ALL ROWS PER MATCH SHOW EMPTY MATCHES
  kAllOmitEmpty,      // ALL ROWS PER MATCH OMIT EMPTY MATCHES
  kAllWithUnmatched,  // ALL ROWS PER MATCH WITH UNMATCHED ROWS
};

enum class AfterMatch : uint8_t {
  kDefault,  // nothing said: past the last row
  kPastLastRow,
  kToNextRow,
  kToFirst,  // TO FIRST v
  kToLast,   // TO LAST v, TO v
};

// table MATCH_RECOGNIZE ( … ). Its alias is the TableRef's.
struct MatchRecognizeTable {
  Box<TableRef> input;
  std::vector<Expression> partition_by;
  std::vector<OrderItem> order_by;
  std::vector<Measure> measures;
  RowsPerMatch rows = RowsPerMatch::kDefault;
  AfterMatch after_match = AfterMatch::kDefault;
  std::optional<Identifier> after_match_variable;
  Pattern pattern;
  Box<Expression> within;
  std::vector<PatternSubset> subsets;
  std::vector<PatternDefinition> definitions;
  friend bool operator==(const MatchRecognizeTable&, const MatchRecognizeTable&) = default;
};

}  // namespace millrace::sql
