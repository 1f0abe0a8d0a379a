#include "broker/fetch/fetch_waits.h"

#include <utility>

#include "broker/fetch/waiting_fetch.h"

namespace millrace::broker {

void FetchWaits::add(const std::shared_ptr<WaitingFetch>& fetch) {
  const std::lock_guard lock(mutex_);
  fetches_.push_back(fetch);
  if (fetches_.size() < tidy_at_) return;
  std::erase_if(fetches_, [](const auto& known) { return known.expired(); });
  tidy_at_ = fetches_.size() * 2 + 64;
}

void FetchWaits::close() {
  std::vector<std::weak_ptr<WaitingFetch>> all;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    all = std::exchange(fetches_, {});
  }
  for (const auto& known : all) {
    if (const auto fetch = known.lock()) fetch->hurry();
  }
}

bool FetchWaits::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

}  // namespace millrace::broker
