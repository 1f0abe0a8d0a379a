#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "base/result.h"
#include "io/executor.h"

namespace millrace::io {

namespace internal {

template <class T>
struct Awaited {
  Notification done;
  std::optional<Result<T>> result;
};

// Hands the result over when called; a completion destroyed without a call cancels the wait.
template <class T>
class Promise {
 public:
  explicit Promise(std::shared_ptr<Awaited<T>> awaited) : awaited_(std::move(awaited)) {}
  Promise(Promise&&) noexcept = default;
  Promise& operator=(Promise&&) = delete;
  ~Promise() {
    if (awaited_ == nullptr) return;
    (*this)(Error(ErrorCode::kCancelled, "the executor stopped before the call was done"));
  }
  void operator()(Result<T> result) {
    const auto awaited = std::exchange(awaited_, nullptr);
    awaited->result.emplace(std::move(result));
    awaited->done.set();
  }

 private:
  std::shared_ptr<Awaited<T>> awaited_;
};

}  // namespace internal

// The blocking form of an asynchronous call, for doors and tests: runs `start(completion)` and
// returns what the completion was given. kCancelled if the completion was dropped, for its executor
// stopped.
//
//   Result<Lsn> lsn =
//       await<Lsn>(threads, [&](auto done) { unit.commit(positions, std::move(done)); });
//
// Threading:  never on an executor's own thread: it would wait for itself.
template <class T, class Start>
Result<T> await(Threads& threads, Start&& start) {
  auto awaited = std::make_shared<internal::Awaited<T>>();
  std::forward<Start>(start)(Completion<Result<T>>(internal::Promise<T>(awaited)));
  threads.wait(awaited->done);
  return std::move(*awaited->result);
}

}  // namespace millrace::io
