#include "data/row_origin.h"

#include <algorithm>
#include <vector>

namespace millrace::data {
namespace {

class SlicedOrigin final : public RowOrigin {
 public:
  SlicedOrigin(RowOriginPtr of, uint32_t first) : of_(std::move(of)), first_(first) {}
  std::pair<const ReadRows*, uint32_t> locate(uint32_t row) const override {
    return of_->locate(first_ + row);
  }

 private:
  const RowOriginPtr of_;
  const uint32_t first_;
};

template <class Index>
class GatheredOrigin final : public RowOrigin {
 public:
  GatheredOrigin(RowOriginPtr of, std::span<const Index> rows)
      : of_(std::move(of)), rows_(rows.begin(), rows.end()) {}
  std::pair<const ReadRows*, uint32_t> locate(uint32_t row) const override {
    return of_->locate(rows_[row]);
  }

 private:
  const RowOriginPtr of_;
  const std::vector<Index> rows_;
};

class ConcatenatedOrigin final : public RowOrigin {
 public:
  // A part and the first row of the whole that is its.
  struct Part {
    RowOriginPtr of;
    uint32_t first;
  };
  explicit ConcatenatedOrigin(std::vector<Part> parts) : parts_(std::move(parts)) {}
  std::pair<const ReadRows*, uint32_t> locate(uint32_t row) const override {
    const auto behind = std::ranges::upper_bound(parts_, row, {}, &Part::first);
    const Part& part = *std::prev(behind);
    return part.of->locate(row - part.first);
  }

 private:
  const std::vector<Part> parts_;
};

}  // namespace

RowOriginPtr slice_origin(RowOriginPtr origin, uint32_t first) {
  if (origin == nullptr || first == 0) return origin;
  return std::make_shared<SlicedOrigin>(std::move(origin), first);
}

RowOriginPtr gather_origin(RowOriginPtr origin, std::span<const uint16_t> rows) {
  if (origin == nullptr) return origin;
  return std::make_shared<GatheredOrigin<uint16_t>>(std::move(origin), rows);
}

RowOriginPtr gather_origin(RowOriginPtr origin, std::span<const uint32_t> rows) {
  if (origin == nullptr) return origin;
  return std::make_shared<GatheredOrigin<uint32_t>>(std::move(origin), rows);
}

RowOriginPtr concatenate_origins(std::span<const std::pair<RowOriginPtr, uint32_t>> parts) {
  std::vector<ConcatenatedOrigin::Part> kept;
  uint32_t first = 0;
  for (const auto& [origin, rows] : parts) {
    if (origin == nullptr) return nullptr;
    if (rows > 0) kept.push_back({origin, first});
    first += rows;
  }
  if (kept.empty()) return nullptr;
  return std::make_shared<ConcatenatedOrigin>(std::move(kept));
}

}  // namespace millrace::data
