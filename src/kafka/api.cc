#include "kafka/api.h"

#include <algorithm>

namespace millrace::kafka {

const Api* find_api(int16_t key) {
  const auto found = std::ranges::lower_bound(apis(), key, {}, &Api::key);
  return found != apis().end() && found->key == key ? &*found : nullptr;
}

}  // namespace millrace::kafka
