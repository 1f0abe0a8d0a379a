#pragma once

#include <cstdint>

namespace millrace::sql {

// Span: the bytes of the text that a node was read from. `SourceText` turns it into line and
// column. A node that no text stands for (made by a rewrite) has length 0.
//
// All spans are equal, so that two trees are equal when they say the same, wherever they stand.
struct Span {
  uint32_t offset = 0;
  uint32_t length = 0;
  uint32_t end() const { return offset + length; }
  // From the beginning of this one to the end of `last`.
  Span to(Span last) const { return {offset, last.end() > offset ? last.end() - offset : 0}; }
  friend bool operator==(Span, Span) { return true; }
};

}  // namespace millrace::sql
