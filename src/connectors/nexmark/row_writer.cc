#include "connectors/nexmark/row_writer.h"

#include <cstring>

#include "base/assert.h"

namespace millrace::connectors {

RowWriter::RowWriter(const data::Type& type, uint32_t rows, size_t set_rows,
                     uint32_t text_bytes_max)
    : type_(type), rows_(rows), validity_(Buffer::zeroed(data::bitmap_bytes(rows))) {
  for (const data::Field& field : type.fields()) {
    const size_t width = data::bytes_per_value(field.type.width());
    const bool is_text = field.type.width() == data::Width::kView;
    FieldBuffers buffers;
    // Where most rows are set the few others may hold anything readable only if it is zero for
    // Text.
    buffers.values = Buffer::zeroed(rows * width);
    if (is_text) buffers.heap = Buffer::allocate(set_rows * text_bytes_max);
    fields_.push_back(std::move(buffers));
  }
}

void RowWriter::text(uint32_t field, uint32_t row, std::string_view bytes) {
  FieldBuffers& buffers = fields_[field];
  data::Text& text = buffers.values.mutable_as<data::Text>()[row];
  if (bytes.size() <= data::Text::kInlineBytesMax) {
    text = data::Text::inlined(bytes);
    return;
  }
  MILLRACE_ASSERT(buffers.heap_used + bytes.size() <= buffers.heap.bytes());
  std::memcpy(buffers.heap.mutable_data() + buffers.heap_used, bytes.data(), bytes.size());
  text = data::Text::placed(bytes, 0, static_cast<uint32_t>(buffers.heap_used));
  buffers.heap_used += bytes.size();
}

data::ColumnPtr RowWriter::finish() {
  std::vector<data::ColumnPtr> children;
  for (size_t index = 0; index < fields_.size(); ++index) {
    data::Column::Parts parts{.type = type_.fields()[index].type,
                              .rows = rows_,
                              .values = std::move(fields_[index].values)};
    if (fields_[index].heap) parts.heaps.push_back(std::move(fields_[index].heap));
    children.push_back(data::Column::flat(std::move(parts)));
  }
  return data::Column::flat({.type = type_,
                             .rows = rows_,
                             .validity = std::move(validity_),
                             .children = std::move(children)});
}

}  // namespace millrace::connectors
