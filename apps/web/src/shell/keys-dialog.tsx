import { Dialog } from '@base-ui/react/dialog';
import { useState } from 'react';
import { KEYS } from './keys.ts';
import { useKeys } from './use-keys.ts';

const SAVE_LABEL = 'Save what is being written';

export function KeysDialog() {
  const [open, setOpen] = useState(false);
  useKeys({ help: () => setOpen(true) });
  return (
    <Dialog.Root open={open} onOpenChange={setOpen}>
      <Dialog.Trigger className="button">Keys</Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog">
          <Dialog.Title>Keys</Dialog.Title>
          <dl className="keys">
            {Object.values(KEYS).map(({ key, label }) => (
              <div key={key}>
                <dt>
                  <kbd>{key === 'Escape' ? 'Esc' : key}</kbd>
                </dt>
                <dd>{label}</dd>
              </div>
            ))}
            <div>
              <dt>
                <kbd>Ctrl</kbd> <kbd>Enter</kbd>
              </dt>
              <dd>{SAVE_LABEL}</dd>
            </div>
            <div>
              <dt>
                <kbd>F6</kbd>
              </dt>
              <dd>To the notices, such as Undo</dd>
            </div>
          </dl>
          <Dialog.Close className="button">Close</Dialog.Close>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
