import type { Rule } from '../repository.ts'
import { ADAPTER_LIST, isAdapter } from './adapters.ts'

/** Outside adapters nothing reads a clock, rolls dice or sets a timer, or the simulation would not repeat. */
export const ambientEffects: Rule = ({ sources }) =>
  sources
    .filter((file) => !isAdapter(file))
    .flatMap(({ path, module }) =>
      module.ambientEffects.map(
        ({ what, line }) =>
          `${path}:${line} uses ${what}. Take it from the injected clock or random source; only ${ADAPTER_LIST} may use it.`,
      ),
    )
