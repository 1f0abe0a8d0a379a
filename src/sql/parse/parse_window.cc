#include "sql/parse/grammar.h"

namespace millrace::sql {
namespace {

Result<FrameBound> parse_frame_bound(TokenCursor& tokens) {
  FrameBound bound;
  if (tokens.at_words("CURRENT", "ROW")) {
    tokens.take();
    tokens.take();
    return bound;
  }
  if (tokens.at("UNBOUNDED") && (tokens.at("PRECEDING", 1) || tokens.at("FOLLOWING", 1))) {
    tokens.take();
    bound.kind = tokens.at("PRECEDING") ? FrameBoundKind::kUnboundedPreceding
                                        : FrameBoundKind::kUnboundedFollowing;
    tokens.take();
    return bound;
  }
  bound.distance = MILLRACE_TRY(parse_expression(tokens));
  bound.kind = FrameBoundKind::kPreceding;
  if (tokens.accept("PRECEDING")) return bound;
  MILLRACE_TRY(tokens.expect("FOLLOWING", "after the distance"));
  bound.kind = FrameBoundKind::kFollowing;
  return bound;
}

Result<FrameExclusion> parse_exclusion(TokenCursor& tokens) {
  if (!tokens.accept("EXCLUDE")) return FrameExclusion::kNone;
  if (tokens.accept("GROUP")) return FrameExclusion::kGroup;
  if (tokens.accept("TIES")) return FrameExclusion::kTies;
  if (tokens.accept("CURRENT")) {
    MILLRACE_TRY(tokens.expect("ROW"));
    return FrameExclusion::kCurrentRow;
  }
  MILLRACE_TRY(tokens.expect("NO"));
  MILLRACE_TRY(tokens.expect("OTHERS"));
  return FrameExclusion::kNone;
}

Result<std::optional<Frame>> parse_frame(TokenCursor& tokens) {
  Frame frame;
  if (tokens.accept("ROWS")) {
    frame.unit = FrameUnit::kRows;
  } else if (tokens.accept("RANGE")) {
    frame.unit = FrameUnit::kRange;
  } else if (tokens.accept("GROUPS")) {
    frame.unit = FrameUnit::kGroups;
  } else {
    return std::nullopt;
  }
  if (tokens.accept("BETWEEN")) {
    frame.start = MILLRACE_TRY(parse_frame_bound(tokens));
    MILLRACE_TRY(tokens.expect("AND", "between the bounds of the frame"));
    frame.end = MILLRACE_TRY(parse_frame_bound(tokens));
  } else {
    frame.start = MILLRACE_TRY(parse_frame_bound(tokens));
  }
  frame.exclusion = MILLRACE_TRY(parse_exclusion(tokens));
  return std::optional(std::move(frame));
}

bool at_base_window(const TokenCursor& tokens) {
  if (!at_name(tokens) || tokens.at_words("PARTITION", "BY")) return false;
  return !tokens.at("ROWS") && !tokens.at("RANGE") && !tokens.at("GROUPS");
}

// ( … )
Result<WindowSpec> parse_window_spec(TokenCursor& tokens) {
  WindowSpec spec;
  MILLRACE_TRY(tokens.expect("("));
  if (at_base_window(tokens)) spec.base = MILLRACE_TRY(parse_name(tokens, "a window's name"));
  spec.partition_by = MILLRACE_TRY(parse_partition_by(tokens));
  spec.order_by = MILLRACE_TRY(parse_order_by(tokens));
  spec.frame = MILLRACE_TRY(parse_frame(tokens));
  MILLRACE_TRY(tokens.expect(")", "in the window"));
  return spec;
}

}  // namespace

Result<std::vector<Expression>> parse_partition_by(TokenCursor& tokens) {
  if (!tokens.accept_words("PARTITION", "BY")) return std::vector<Expression>();
  return parse_expressions(tokens);
}

Result<std::vector<OrderItem>> parse_order_by(TokenCursor& tokens) {
  if (!tokens.accept("ORDER")) return std::vector<OrderItem>();
  MILLRACE_TRY(tokens.expect("BY"));
  return parse_order_items(tokens);
}

Result<Over> parse_over(TokenCursor& tokens) {
  Over over;
  const Span begin = tokens.here();
  if (tokens.at("(")) {
    over.window = MILLRACE_TRY(parse_window_spec(tokens));
  } else {
    over.window = MILLRACE_TRY(parse_name(tokens, "a window's name"));
  }
  over.span = tokens.since(begin);
  return over;
}

Result<std::vector<NamedWindow>> parse_named_windows(TokenCursor& tokens) {
  std::vector<NamedWindow> windows;
  if (!tokens.at("WINDOW") || !at_name(tokens, 1)) return windows;
  tokens.take();
  do {
    NamedWindow window;
    window.name = MILLRACE_TRY(parse_name(tokens, "a window's name"));
    MILLRACE_TRY(tokens.expect("AS"));
    window.spec = MILLRACE_TRY(parse_window_spec(tokens));
    windows.push_back(std::move(window));
  } while (tokens.accept(","));
  return windows;
}

}  // namespace millrace::sql
