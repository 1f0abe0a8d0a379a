#include "io/network/resolver.h"

#include <utility>

#include "io/posix_threads.h"

namespace millrace::io {

Resolver::~Resolver() {
  thread_.reset();
}

void Resolver::look_up(const Address& address, Loop& asker, Answer done) {
  const std::lock_guard lock(mutex_);
  if (thread_ == nullptr) thread_ = PosixThreads().start({.name = "resolver"});
  const auto question = open_.insert(open_.end(), {.asker = &asker, .done = std::move(done)});
  thread_->post(
      [this, address, question] { answer(question, io::look_up(address, AddressUse::kConnect)); });
}

void Resolver::answer(Questions::iterator question, Result<std::vector<SocketAddress>> found) {
  const std::lock_guard lock(mutex_);
  if (question->asker == nullptr) {
    forgotten_.erase(question);
    return;
  }
  question->asker->post([done = std::move(question->done), found = std::move(found)]() mutable {
    done(std::move(found));
  });
  open_.erase(question);
}

void Resolver::forget(const Loop& asker) {
  // They die without the lock: they may own what asks again.
  std::vector<Answer> dropped;
  const std::lock_guard lock(mutex_);
  for (auto next = open_.begin(); next != open_.end();) {
    const auto question = next++;
    if (question->asker != &asker) continue;
    question->asker = nullptr;
    dropped.push_back(std::move(question->done));
    forgotten_.splice(forgotten_.end(), open_, question);
  }
}

}  // namespace millrace::io
