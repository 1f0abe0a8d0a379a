#include "data/block.h"

#include "base/crc32c.h"
#include "base/endian.h"
#include "data/builder.h"

namespace millrace::data {
namespace {

constexpr std::string_view kMagic = "MRB1";
constexpr size_t kHeaderBytes = 12;
constexpr uint8_t kHasSigns = 1;

template <class T>
void append_raw(std::string& to, T value) {
  const size_t at = to.size();
  to.resize(at + sizeof(T));
  store_le(to.data() + at, value);
}

void append_bytes(std::string& to, const std::byte* bytes, size_t count) {
  to.append(reinterpret_cast<const char*>(bytes), count);
}

void append_bits(std::string& to, const uint64_t* words, uint32_t rows) {
  for (size_t at = 0; at < bitmap_words(rows); ++at) {
    append_raw(to, at + 1 == bitmap_words(rows) ? words[at] & tail_mask(rows) : words[at]);
  }
}

void append_column(std::string& to, const ColumnPtr& column);

void append_texts(std::string& to, const Column& column) {
  const Text* texts = column.data<Text>();
  for (uint32_t row = 0; row < column.rows(); ++row) {
    append_raw<uint32_t>(to, column.is_null(row) ? 0 : texts[row].length);
  }
  for (uint32_t row = 0; row < column.rows(); ++row) {
    if (!column.is_null(row)) to += column.text_of(texts[row]);
  }
}

void append_lists(std::string& to, const Column& column) {
  const uint32_t* offsets = column.data<uint32_t>();
  std::vector<uint32_t> elements;
  for (uint32_t row = 0; row < column.rows(); ++row) {
    const uint32_t count = column.is_null(row) ? 0 : offsets[row + 1] - offsets[row];
    append_raw(to, count);
    for (uint32_t n = 0; n < count; ++n) elements.push_back(offsets[row] + n);
  }
  append_column(to, flatten(gather(column.children()[0], elements.data(),
                                   static_cast<uint32_t>(elements.size()))));
}

// REQUIRES: flat.
void append_values(std::string& to, const Column& column) {
  switch (column.width()) {
    case Width::kNone:
      return;
    case Width::k1:
      return append_bits(to, column.data<uint64_t>(), column.rows());
    case Width::kView:
      return append_texts(to, column);
    case Width::kList:
      return append_lists(to, column);
    case Width::kGroup:
      for (const ColumnPtr& child : column.children()) {
        append_column(to, slice(child, 0, column.rows()));
      }
      return;
    default:
      append_bytes(to, column.values().data(), column.rows() * bytes_per_value(column.width()));
  }
}

void append_column(std::string& to, const ColumnPtr& column) {
  append_raw(to, static_cast<uint8_t>(column->encoding()));
  append_raw<uint8_t>(to, column->may_have_nulls() ? 1 : 0);
  const bool constant = column->encoding() == Encoding::kConstant;
  if (column->may_have_nulls()) {
    append_bits(to, column->validity_words(), constant ? 1 : column->rows());
  }
  if (constant) {
    append_values(to, *column->constant_row());
  } else if (column->is_flat()) {
    append_values(to, *column);
  } else {
    append_raw(to, column->dictionary()->rows());
    append_values(to, *column->dictionary());
    append_bytes(to, column->values().data(), column->rows() * sizeof(uint32_t));
  }
}

// Reads a body. Every take checks what is left; after a failure `ok` is false and stays so.
class BlockReader {
 public:
  explicit BlockReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  bool at_end() const { return bytes_.empty(); }

  template <class T>
  T number() {
    const std::byte* from = take(sizeof(T));
    return from != nullptr ? load_le<T>(from) : T{};
  }

  Buffer buffer(uint64_t count) {
    const std::byte* from = take(count);
    return from != nullptr ? Buffer::copy_of(std::span(from, count)) : Buffer();
  }

  // Null after a failure.
  ColumnPtr column(const Type& type, uint32_t rows) {
    const auto encoding = number<uint8_t>();
    const auto has_nulls = number<uint8_t>();
    const bool constant = encoding == static_cast<uint8_t>(Encoding::kConstant);
    const uint32_t stored = constant ? 1 : rows;
    Buffer validity;
    if (has_nulls != 0) validity = buffer(bitmap_bytes(stored));
    if (!ok_ || has_nulls > 1 || encoding > 2) return fail();
    if (encoding == static_cast<uint8_t>(Encoding::kDictionary)) {
      return dictionary(type, rows, std::move(validity));
    }
    const ColumnPtr flat = values(type, stored, std::move(validity));
    return flat == nullptr || !constant ? flat : Column::constant(flat, rows);
  }

 private:
  ColumnPtr fail() {
    ok_ = false;
    return nullptr;
  }

  const std::byte* take(uint64_t count) {
    if (!ok_ || count > bytes_.size()) {
      ok_ = false;
      return nullptr;
    }
    const std::byte* from = bytes_.data();
    bytes_ = bytes_.subspan(count);
    return from;
  }

  ColumnPtr dictionary(const Type& type, uint32_t rows, Buffer validity) {
    const auto entries = number<uint32_t>();
    const ColumnPtr known = values(type, entries, Buffer());
    Buffer indices = buffer(size_t{rows} * sizeof(uint32_t));
    if (!ok_) return nullptr;
    for (uint32_t row = 0; row < rows; ++row) {
      if (indices.as<uint32_t>()[row] >= entries) return fail();
    }
    return Column::dictionary(known, std::move(indices), std::move(validity), rows);
  }

  ColumnPtr values(const Type& type, uint32_t rows, Buffer validity) {
    Column::Parts parts;
    parts.type = type;
    parts.rows = rows;
    parts.validity = std::move(validity);
    switch (type.width()) {
      case Width::kNone:
        break;
      case Width::k1:
        parts.values = buffer(bitmap_bytes(rows));
        break;
      case Width::kView:
        texts(parts);
        break;
      case Width::kList:
        lists(parts);
        break;
      case Width::kGroup:
        for (const Field& field : type.fields()) {
          parts.children.push_back(column(field.type, rows));
          if (!ok_) return nullptr;
        }
        break;
      default:
        parts.values = buffer(rows * bytes_per_value(type.width()));
    }
    return ok_ ? Column::flat(std::move(parts)) : nullptr;
  }

  void texts(Column::Parts& parts) {
    const std::byte* lengths = take(size_t{parts.rows} * sizeof(uint32_t));
    if (!ok_) return;
    uint64_t all = 0;
    for (uint32_t row = 0; row < parts.rows; ++row) {
      all += load_le<uint32_t>(lengths + row * sizeof(uint32_t));
    }
    if (all > UINT32_MAX) ok_ = false;
    Buffer heap = buffer(all);
    if (!ok_) return;
    parts.values = Buffer::allocate(parts.rows * sizeof(Text));
    Text* to = parts.values.mutable_as<Text>();
    size_t at = 0;
    for (uint32_t row = 0; row < parts.rows; ++row) {
      const auto length = load_le<uint32_t>(lengths + row * sizeof(uint32_t));
      to[row] = Text::placed(heap.view().substr(at, length), 0, static_cast<uint32_t>(at));
      at += length;
    }
    parts.heaps.push_back(std::move(heap));
  }

  void lists(Column::Parts& parts) {
    const std::byte* lengths = take(size_t{parts.rows} * sizeof(uint32_t));
    if (!ok_) return;
    parts.values = Buffer::allocate((size_t{parts.rows} + 1) * sizeof(uint32_t));
    uint32_t* offsets = parts.values.mutable_as<uint32_t>();
    uint64_t all = 0;
    for (uint32_t row = 0; row < parts.rows; ++row) {
      offsets[row] = static_cast<uint32_t>(all);
      all += load_le<uint32_t>(lengths + row * sizeof(uint32_t));
    }
    offsets[parts.rows] = static_cast<uint32_t>(all);
    if (all > UINT32_MAX) ok_ = false;
    if (!ok_) return;
    parts.children.push_back(column(parts.type.kind() == TypeKind::kMap
                                        ? Type::row(parts.type.fields())
                                        : parts.type.fields()[0].type,
                                    static_cast<uint32_t>(all)));
  }

  std::span<const std::byte> bytes_;
  bool ok_ = true;
};

Error corrupt(const char* what) {
  return Error(ErrorCode::kCorruptState, std::string("a stored block ") + what);
}

Result<Batch> read_body(std::span<const std::byte> body, const SchemaPtr& schema) {
  BlockReader reader(body);
  const auto fingerprint = reader.number<uint64_t>();
  const auto rows = reader.number<uint32_t>();
  const auto flags = reader.number<uint8_t>();
  if (!reader.ok()) return corrupt("is cut short");
  if (fingerprint != schema->fingerprint()) return corrupt("was written with another schema");
  Buffer signs;
  if ((flags & kHasSigns) != 0) signs = reader.buffer(rows);
  std::vector<ColumnPtr> columns;
  for (const Field& field : schema->fields()) {
    if (!reader.ok()) break;
    columns.push_back(reader.column(field.type, rows));
  }
  if (!reader.ok() || !reader.at_end()) return corrupt("does not have the layout of its schema");
  Batch batch(schema, std::move(columns), rows);
  return signs ? std::move(batch).with_signs(std::move(signs)) : batch;
}

}  // namespace

void append_block(std::string& to, const Batch& batch) {
  const Batch dense = Batch(batch).compact();
  const size_t start = to.size();
  to += kMagic;
  to.resize(start + kHeaderBytes);
  append_raw(to, dense.schema()->fingerprint());
  append_raw(to, dense.rows());
  append_raw<uint8_t>(to, dense.has_signs() ? kHasSigns : 0);
  if (dense.has_signs()) append_bytes(to, dense.sign_buffer().data(), dense.rows());
  for (const ColumnPtr& column : dense.columns()) append_column(to, column);
  const std::string_view body = std::string_view(to).substr(start + kHeaderBytes);
  const uint32_t crc = crc32c(std::as_bytes(std::span(body)));
  store_le(to.data() + start + 4, static_cast<uint32_t>(body.size()));
  store_le(to.data() + start + 8, crc);
}

Result<Batch> take_block(std::span<const std::byte>& from, const SchemaPtr& schema) {
  if (from.size() < kHeaderBytes) return corrupt("is cut short");
  if (std::memcmp(from.data(), kMagic.data(), kMagic.size()) != 0) {
    return corrupt("does not begin with its mark");
  }
  const auto bytes = load_le<uint32_t>(from.data() + 4);
  if (bytes > from.size() - kHeaderBytes) return corrupt("is cut short");
  const std::span<const std::byte> body = from.subspan(kHeaderBytes, bytes);
  if (crc32c(body) != load_le<uint32_t>(from.data() + 8)) {
    return corrupt("does not match its checksum");
  }
  Batch batch = MILLRACE_TRY(read_body(body, schema));
  from = from.subspan(kHeaderBytes + bytes);
  return batch;
}

}  // namespace millrace::data
