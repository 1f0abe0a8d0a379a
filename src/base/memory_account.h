#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace millrace {

// MemoryAccount: who holds how many bytes. Accounts form a tree under the process's budget: a
// charge is added to the account and to all above it. Charging never fails; owners compare `bytes`
// with `budget_bytes` at their own points of rest and slow down or evict.
//
// Threading:  synchronised inside (relaxed atomics).
// Ownership:  outlives every Buffer and child charged to it.
class MemoryAccount {
 public:
  explicit MemoryAccount(std::string name, MemoryAccount* parent = nullptr,
                         int64_t budget_bytes = 0)
      : name_(std::move(name)), parent_(parent), budget_bytes_(budget_bytes) {}
  MemoryAccount(const MemoryAccount&) = delete;
  MemoryAccount& operator=(const MemoryAccount&) = delete;

  // Negative gives back.
  void charge(int64_t bytes) {
    for (MemoryAccount* account = this; account != nullptr; account = account->parent_) {
      account->bytes_.fetch_add(bytes, std::memory_order_relaxed);
    }
  }
  int64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  // 0: unlimited.
  int64_t budget_bytes() const { return budget_bytes_; }
  bool over_budget() const { return budget_bytes_ != 0 && bytes() > budget_bytes_; }
  const std::string& name() const { return name_; }

 private:
  const std::string name_;
  MemoryAccount* const parent_;
  const int64_t budget_bytes_;
  std::atomic<int64_t> bytes_{0};
};

}  // namespace millrace
