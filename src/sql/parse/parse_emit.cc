#include <optional>

#include "sql/parse/grammar.h"

namespace millrace::sql {
namespace {

Error twice(const TokenCursor& tokens, Span place) {
  return tokens.refuse(place, "this part of EMIT stands here twice");
}

// EVERY interval, AFTER n ROWS, ON UPDATE
Result<void> parse_early(TokenCursor& tokens, Emit& emit) {
  const Span place = tokens.here();
  if (emit.early != EarlyEmit::kNone) return twice(tokens, place);
  if (tokens.accept("EVERY")) {
    emit.early = EarlyEmit::kEvery;
    emit.early_interval = MILLRACE_TRY(parse_expression(tokens));
    return {};
  }
  if (tokens.accept("AFTER")) {
    emit.early = EarlyEmit::kAfter;
    emit.early_rows = MILLRACE_TRY(parse_count(tokens, "a number of rows"));
    return tokens.expect("ROWS", "after their number");
  }
  MILLRACE_TRY(tokens.expect("ON"));
  MILLRACE_TRY(tokens.expect("UPDATE"));
  emit.early = EarlyEmit::kOnUpdate;
  return {};
}

// One part, behind EMIT or another part; false where there is none.
Result<bool> parse_part(TokenCursor& tokens, Emit& emit) {
  const Span place = tokens.here();
  if (tokens.accept("EARLY") || tokens.at("EVERY") || tokens.at("AFTER") ||
      tokens.at_words("ON", "UPDATE")) {
    MILLRACE_TRY(parse_early(tokens, emit));
  } else if (tokens.accept("ON")) {
    MILLRACE_TRY(tokens.expect("WINDOW", "or UPDATE after ON"));
    MILLRACE_TRY(tokens.expect("CLOSE"));
    if (emit.on_window_close) return twice(tokens, place);
    emit.on_window_close = true;
  } else if (tokens.accept("ALLOWED")) {
    MILLRACE_TRY(tokens.expect("LATENESS"));
    if (emit.allowed_lateness) return twice(tokens, place);
    emit.allowed_lateness = MILLRACE_TRY(parse_expression(tokens));
  } else if (tokens.accept("LATE")) {
    MILLRACE_TRY(tokens.expect("INTO"));
    if (emit.late_into) return twice(tokens, place);
    emit.late_into = MILLRACE_TRY(parse_qualified_name(tokens, "a table's name"));
  } else if (tokens.accept("DISCARDING")) {
    if (emit.discarding) return twice(tokens, place);
    emit.discarding = true;
  } else {
    return false;
  }
  return true;
}

}  // namespace

Result<Emit> parse_emit(TokenCursor& tokens) {
  Emit emit;
  const Span begin = tokens.take().span;
  bool any = false;
  while (MILLRACE_TRY(parse_part(tokens, emit))) any = true;
  if (!any) return tokens.unexpected({}, "after EMIT");
  emit.span = tokens.since(begin);
  return emit;
}

}  // namespace millrace::sql
