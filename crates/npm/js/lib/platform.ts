import { call } from './engine.js';

/** What an image runs on. */
export interface Platform {
  /** Operating system by Go's name: `linux`, `windows`. */
  os: string;
  /** CPU architecture by Go's name: `amd64`, `arm`, `arm64`, `riscv64`. */
  architecture: string;
  /** CPU variant: `v7` of `arm`. */
  variant?: string;
  /** Operating system version, used by Windows: `10.0.20348.2700`. */
  osVersion?: string;
  /** Operating system features, such as `win32k`. */
  osFeatures?: string[];
}

/** Reading and writing platforms. */
export const Platform = {
  /**
   * Reads `os/architecture` or `os/architecture/variant`.
   * @throws {@link TallymanError} `argument-invalid`
   */
  parse(text: string): Platform {
    const [os = '', architecture = '', variant] = call((engine) => engine.parsePlatform(text)) as string[];
    return { os, architecture, ...(variant ? { variant } : {}) };
  },

  /** Writes `os/architecture[/variant]`, with `?` for what is not known. */
  format({ os, architecture, variant = '' }: Platform): string {
    return call((engine) => engine.formatPlatform(os, architecture, variant));
  },
};

/** A platform as manifests have it. */
export interface PlatformJson {
  architecture?: string;
  os?: string;
  'os.version'?: string;
  'os.features'?: string[];
  variant?: string;
}

/** A platform out of a manifest. */
export function platformOf(json: PlatformJson): Platform {
  const { architecture, os, variant, 'os.version': osVersion, 'os.features': osFeatures } = json;
  return {
    os: os ?? '',
    architecture: architecture ?? '',
    ...(variant ? { variant } : {}),
    ...(osVersion ? { osVersion } : {}),
    ...(osFeatures?.length ? { osFeatures } : {}),
  };
}

/** A platform as manifests have it. */
export function platformJson({ os, architecture, variant, osVersion, osFeatures }: Platform): PlatformJson {
  return { os, architecture, variant: variant ?? '', 'os.version': osVersion ?? '', 'os.features': osFeatures ?? [] };
}
