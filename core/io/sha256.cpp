#include "s4l/core/io/sha256.h"

#include <openssl/evp.h>

#include "s4l/core/error.h"

namespace s4l::io {

std::string sha256(const void* bytes, std::size_t count) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_Digest(bytes, count, digest, &size, EVP_sha256(), nullptr) != 1)
    fail(ErrorKind::io, "sha256: OpenSSL refused to hash {} bytes", count);
  std::string text;
  for (unsigned int i = 0; i < size; ++i) {
    text += "0123456789abcdef"[digest[i] >> 4];
    text += "0123456789abcdef"[digest[i] & 15];
  }
  return text;
}

}  // namespace s4l::io
