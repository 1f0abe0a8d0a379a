#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "expr/function.h"
#include "expr/vector.h"

namespace millrace::expr {

// SelectionPool: arrays of row numbers, used again from batch to batch.
//
// Threading:  confined to one task. Leases are given back before the pool goes.
class SelectionPool {
 public:
  class Lease {
   public:
    explicit Lease(SelectionPool& pool) : pool_(&pool) {}
    Lease(Lease&& other) noexcept
        : pool_(other.pool_), rows_(std::move(other.rows_)), count_(other.count_) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (rows_ != nullptr) pool_->free_.push_back(std::move(rows_));
    }
    // Of `rows`, those that `keep(row)` wants, as Rows that live as long as the lease.
    template <class Keep>
    Rows fill(const Rows& rows, Keep&& keep) {
      if (rows_ == nullptr) rows_ = pool_->take();
      uint16_t* const to = rows_.get();
      uint32_t count = 0;
      rows.for_each([&](uint32_t row) {
        to[count] = static_cast<uint16_t>(row);
        count += keep(row) ? 1 : 0;
      });
      count_ = count;
      return {rows.physical, count, to};
    }

   private:
    SelectionPool* pool_;
    std::unique_ptr<uint16_t[]> rows_;
    uint32_t count_ = 0;
  };
  Lease lease() { return Lease(*this); }

 private:
  std::unique_ptr<uint16_t[]> take();
  std::vector<std::unique_ptr<uint16_t[]>> free_;
};

// What a kernel is run with.
struct KernelRun {
  SelectionPool& selections;
  int64_t now_us = 0;
  MemoryAccount* memory = nullptr;
};

inline constexpr uint32_t kKernelRowsMax = 1 << 16;

// Runs `kernel` over arguments of any encoding, errors included: sees to NULLs of strict functions,
// computes constants once and dictionaries per entry, and marks what failed. REQUIRES:
// rows.physical at most kKernelRowsMax.
Vector run_kernel(Kernel& kernel, const FunctionProperties& properties, const data::Type& result,
                  std::vector<Vector> arguments, const Rows& rows, const KernelRun& run);

// `column` with the rows of `errors` NULL. A constant or dictionary column may come back flat.
data::ColumnPtr with_nulls_for(data::ColumnPtr column, const RowErrors& errors,
                               MemoryAccount* memory);

}  // namespace millrace::expr
