#include "expr/text_writer.h"

#include <algorithm>

namespace millrace::expr {
namespace {

constexpr size_t kHeapBytesMin = 4096;
constexpr size_t kHeapBytesMax = size_t{1} << 20;

}  // namespace

TextWriter::TextWriter(const KernelCall& call)
    : call_(call),
      nulls_(call),
      heap_bytes_next_(std::max(kHeapBytesMin, size_t{call.rows.count} * 24)) {
  const size_t bytes = size_t{call.rows.physical} * sizeof(data::Text);
  values_ = call.rows.is_all() ? Buffer::allocate(bytes, call.memory)
                               : Buffer::zeroed(bytes, call.memory);
  texts_ = values_.mutable_as<data::Text>();
}

uint32_t TextWriter::share_heaps(const data::Column& column) {
  const auto first = static_cast<uint32_t>(heaps_.size());
  heaps_.insert(heaps_.end(), column.heaps().begin(), column.heaps().end());
  return first;
}

void TextWriter::close(uint32_t row, size_t bytes) {
  const std::string_view text(end_, bytes);
  if (bytes <= data::Text::kInlineBytesMax) {
    texts_[row] = data::Text::inlined(text);
    return;
  }
  const auto offset = static_cast<uint32_t>(end_ - reinterpret_cast<const char*>(heap_.data()));
  texts_[row] = data::Text::placed(text, static_cast<uint32_t>(heaps_.size()), offset);
  end_ += bytes;
  room_ -= bytes;
}

void TextWriter::seal_heap() {
  if (!heap_) return;
  heap_.truncate(heap_.bytes() - room_);
  heaps_.push_back(std::move(heap_));
  heap_ = Buffer();
}

void TextWriter::add_heap(size_t bytes_min) {
  seal_heap();
  heap_ = Buffer::allocate(std::max(bytes_min, heap_bytes_next_), call_.memory);
  heap_bytes_next_ = std::min(heap_bytes_next_ * 2, kHeapBytesMax);
  end_ = heap_.mutable_as<char>();
  room_ = heap_.bytes();
}

data::ColumnPtr TextWriter::finish() {
  seal_heap();
  room_ = 0;
  return data::Column::flat({.type = call_.result,
                             .rows = call_.rows.physical,
                             .values = std::move(values_),
                             .validity = nulls_.take(),
                             .heaps = std::move(heaps_)});
}

}  // namespace millrace::expr
