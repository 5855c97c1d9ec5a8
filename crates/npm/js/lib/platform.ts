import { isRecord, textOf, wrongArgument } from './arguments.js';
import { call } from './engine.js';
import { TallymanError, reading } from './error.js';

/** Platform that an image runs on. */
export interface Platform {
  /** Operating system by Go's name: `linux`, `windows`. */
  os: string;
  /** CPU architecture by Go's name: `amd64`, `arm`, `arm64`, `riscv64`. */
  architecture: string;
  /** CPU variant: `v7` of `arm`. */
  variant?: string | undefined;
  /** Operating system version, used by Windows: `10.0.20348.2700`. */
  osVersion?: string | undefined;
  /** Operating system features, such as `win32k`. */
  osFeatures?: readonly string[] | undefined;
}

/** Reading and writing platforms. */
export const Platform = {
  /**
   * Reads `os/architecture` or `os/architecture/variant`, as containerd does: `windows(10.0.17763)/amd64` with a version, `arm64` alone
   * as one of Linux.
   * @throws {@link TallymanError} `argument-invalid`
   */
  parse(text: string): Platform {
    if (typeof text !== 'string') throw wrongPlatform(text === null ? 'null' : typeof text);
    return platformOf(JSON.parse(call((engine) => engine.parsePlatform(text))) as PlatformJson);
  },

  /** Writes `os/architecture[/variant]`, with `?` for what is not known. */
  format(platform: Platform): string {
    const { os = '', architecture = '', variant = '' } = checkedPlatform(platform);
    return call((engine) => engine.formatPlatform(os, architecture, variant));
  },
};

/** The text by which the engine takes a platform that is a string or an object: JSON where it says more than `os/architecture/variant`. */
export function platformText(platform: unknown): string | undefined {
  if (platform === undefined) return undefined;
  if (typeof platform !== 'object' || platform === null) return textOf(platform, 'platform');
  const { osVersion, osFeatures } = checkedPlatform(platform as Platform);
  return osVersion || osFeatures?.length ? JSON.stringify(platformJson(platform as Platform)) : Platform.format(platform as Platform);
}

/** A platform as manifests have it. */
export interface PlatformJson {
  architecture?: string;
  os?: string;
  'os.version'?: string;
  'os.features'?: readonly string[];
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

const known = ['os', 'architecture', 'variant', 'osVersion', 'osFeatures'];
// The names that manifests have are as good as ours.
const inManifests: Record<string, string> = { 'os.version': 'osVersion', 'os.features': 'osFeatures' };

const wrongPlatform = (found: string): TallymanError =>
  new TallymanError({ code: 'argument-invalid', message: `expected a platform with ${known.join(', ')}, found ${found}` });

/** A platform whose fields are all known, by our names. */
function checkedPlatform(given: Platform): Platform {
  if (!isRecord(given)) throw wrongArgument('platform', `an object of ${known.join(', ')}`, given);
  const fields = reading('the fields of platform', () => Object.entries(given)).filter(([, value]) => value !== undefined);
  const platform = Object.fromEntries(fields.map(([name, value]) => [inManifests[name] ?? name, value]));
  const unknown = Object.keys(platform).find((name) => !known.includes(name));
  if (unknown !== undefined) throw wrongPlatform(unknown);
  for (const [name, value] of Object.entries(platform)) {
    const isRight = name === 'osFeatures' ? Array.isArray(value) && value.every((feature) => typeof feature === 'string') : typeof value === 'string';
    if (!isRight) throw wrongPlatform(`${name} of another kind`);
  }
  return platform as unknown as Platform;
}

/** A platform as manifests have it. */
export function platformJson(platform: Platform): PlatformJson {
  const { os, architecture, variant, osVersion, osFeatures } = checkedPlatform(platform);
  return { os: os ?? '', architecture: architecture ?? '', variant: variant ?? '', 'os.version': osVersion ?? '', 'os.features': osFeatures ?? [] };
}
