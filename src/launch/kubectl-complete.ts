#!/usr/bin/env node
/**
 * `kubectl_complete-reach`: runs at every press of the TAB key, so that all it knows was written here by the build.
 */
import type { Catalogue } from '../cli/catalogue.ts';
import { completionReply } from './completion.ts';

/** Every command; the build puts it here. */
declare const CATALOGUE: Catalogue;

process.stdout.write(completionReply(process.argv.slice(2), CATALOGUE));
