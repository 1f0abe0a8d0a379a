#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace millrace::broker {

class WaitingFetch;

// FetchWaits: the fetches that are under way, so that a broker that stops need not wait for them.
//
// Threading:  synchronised inside.
class FetchWaits {
 public:
  void add(const std::shared_ptr<WaitingFetch>& fetch);
  // From now on none waits: what there is, is answered.
  void close();
  bool closed() const;

 private:
  mutable std::mutex mutex_;
  bool closed_ = false;
  std::vector<std::weak_ptr<WaitingFetch>> fetches_;
  size_t tidy_at_ = 64;  // when those that are over are forgotten
};

}  // namespace millrace::broker
