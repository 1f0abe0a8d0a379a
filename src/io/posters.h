#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

namespace millrace::io {

// Posters: the threads that are inside the post of an executor. They wake it after they have let go
// of its lock, for else it would wake up only to wait for that; by then the task may have run, and
// whoever waited for it may destroy the executor.
//
// Threading: synchronised inside.
class Posters {
 public:
  // A thread that posts, for as long as this lives.
  class Inside {
   public:
    explicit Inside(Posters& posters) : count_(posters.count_) {
      count_.fetch_add(1, std::memory_order_relaxed);
    }
    ~Inside() { count_.fetch_sub(1, std::memory_order_release); }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    std::atomic<uint32_t>& count_;
  };
  // Until nobody is inside; a few instructions.
  void wait_until_gone() const {
    while (count_.load(std::memory_order_acquire) != 0) std::this_thread::yield();
  }

 private:
  std::atomic<uint32_t> count_{0};
};

}  // namespace millrace::io
