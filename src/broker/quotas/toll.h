#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace millrace::broker {

// Toll: what one request costs a client that has quotas.
//
// Threading:  synchronised inside.
class Toll {
 public:
  virtual ~Toll() = default;
  // What its coming alone has cost: for so many milliseconds nothing more is read from the client,
  // which may have sent many requests ahead.
  virtual int64_t due_ms() const = 0;
  // So many partitions are about to be made or removed. False: too many were before, so it is to be
  // refused, and nothing was counted; never, unless `may_refuse`.
  virtual bool charge_partitions(size_t count, bool may_refuse) = 0;
  // The answer is ready, in so many bytes: for how many milliseconds the client keeps still after
  // it. Once.
  virtual int64_t pay(size_t response_bytes) = 0;
  // The handler has returned.
  virtual void worked() = 0;
};
using TollPtr = std::shared_ptr<Toll>;

}  // namespace millrace::broker
