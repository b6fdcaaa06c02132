#pragma once

#include "emulator/core/store.h"
#include "emulator/lambda/catalogue/code_signing.h"
#include "emulator/lambda/catalogue/layers.h"
#include "emulator/lambda/catalogue/registry.h"

namespace sortie::emulator::lambda {

/// What an account has in Lambda: in memory, and in the store. io_context thread only.
struct Catalogue {
  explicit Catalogue(Store& store) : functions(store), layers(store), code_signing(store) {}

  /// Lets go of the store: no changes afterwards.
  void close() {
    functions.close();
    layers.close();
    code_signing.close();
  }

  Registry functions;
  LayerRegistry layers;
  CodeSigningRegistry code_signing;
};

}  // namespace sortie::emulator::lambda
