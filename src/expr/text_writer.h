#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "data/column.h"
#include "data/text.h"
#include "expr/function.h"
#include "expr/kernel_loops.h"

namespace millrace::expr {

// TextWriter: the text column that a kernel makes, row by row in any order. Rows never set are
// empty.
//
// Threading:  confined to one kernel run.
// Ownership:  texts are copied in, but for those placed in shared heaps.
class TextWriter {
 public:
  explicit TextWriter(const KernelCall& call);

  // Takes in the heaps of `column`, so that its rows' texts, or parts of them, need no copy:
  // place() with its number.
  uint32_t share_heaps(const data::Column& column);
  // `part` lies within the text `whole` of a column whose heaps were shared as `first_heap`.
  void set_part(uint32_t row, const data::Text& whole, std::string_view whole_bytes,
                std::string_view part, uint32_t first_heap) {
    if (part.size() <= data::Text::kInlineBytesMax) {
      texts_[row] = data::Text::inlined(part);
    } else {
      const auto offset =
          whole.place.offset + static_cast<uint32_t>(part.data() - whole_bytes.data());
      texts_[row] = data::Text::placed(part, first_heap + whole.place.heap, offset);
    }
  }

  void set(uint32_t row, std::string_view bytes) {
    if (bytes.size() <= data::Text::kInlineBytesMax) {
      texts_[row] = data::Text::inlined(bytes);
    } else {
      std::memcpy(open(bytes.size()), bytes.data(), bytes.size());
      close(row, bytes.size());
    }
  }
  // Room for `bytes_max` bytes; then close with how many were written.
  char* open(size_t bytes_max) {
    if (room_ < bytes_max) [[unlikely]]
      add_heap(bytes_max);
    return end_;
  }
  void close(uint32_t row, size_t bytes);
  void set_null(uint32_t row) { nulls_.set(row); }

  data::ColumnPtr finish();

 private:
  void add_heap(size_t bytes_min);
  void seal_heap();

  const KernelCall& call_;
  Buffer values_;
  data::Text* texts_;
  std::vector<Buffer> heaps_;
  NullMask nulls_;
  Buffer heap_;
  char* end_ = nullptr;
  size_t room_ = 0;
  size_t heap_bytes_next_;
};

// A text per row: write(row, scratch) appends to an empty string.
template <class Write>
data::ColumnPtr text_rows(KernelCall& call, Write&& write) {
  TextWriter writer(call);
  std::string scratch;
  call.rows.for_each([&](uint32_t row) {
    scratch.clear();
    write(row, scratch);
    writer.set(row, scratch);
  });
  return writer.finish();
}

}  // namespace millrace::expr
