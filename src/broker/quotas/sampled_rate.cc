#include "broker/quotas/sampled_rate.h"

#include <algorithm>

namespace millrace::broker {
namespace {

constexpr int64_t kSampleNs = io::kNsPerSecond;
constexpr int64_t kSamples = 11;

}  // namespace

void SampledRate::forget(io::MonotonicTime now) {
  while (!samples_.empty() && now - samples_.front().begin >= kSamples * kSampleNs) {
    samples_.pop_front();
  }
}

bool SampledRate::forgotten(io::MonotonicTime now) const {
  return samples_.empty() || now - samples_.back().begin >= kSamples * kSampleNs;
}

void SampledRate::record(double amount, io::MonotonicTime now) {
  forget(now);
  if (samples_.empty() || now - samples_.back().begin >= kSampleNs) {
    samples_.push_back({.begin = now});
  }
  samples_.back().amount += amount;
}

double SampledRate::seconds_over(double bound, io::MonotonicTime now) {
  forget(now);
  if (samples_.empty()) return 0;
  double sum = 0;
  for (const Sample& sample : samples_) sum += sample.amount;
  int64_t window_ns = now - samples_.front().begin;
  // A short past counts as ten seconds, or the first request would already be above any rate.
  window_ns += std::max<int64_t>(kSamples - 1 - window_ns / kSampleNs, 0) * kSampleNs;
  const double window = static_cast<double>(window_ns) / static_cast<double>(io::kNsPerSecond);
  return std::max(sum / bound - window, 0.0);
}

}  // namespace millrace::broker
