import { Toast } from '@base-ui/react/toast';

/** Says in a corner what was done, and lets it be undone for a while. F6 takes the keyboard there. */
export const toasts = Toast.createToastManager();

const SECONDS = 1_000;

export interface Notice {
  readonly title: string;
  readonly action?: { readonly label: string; readonly run: () => void };
}

export function notify({ title, action }: Notice): void {
  const id = toasts.add({
    title,
    // Time enough to get there by keyboard.
    timeout: (action ? 20 : 6) * SECONDS,
    ...(action && {
      actionProps: {
        children: action.label,
        onClick: () => {
          toasts.close(id);
          action.run();
        },
      },
    }),
  });
}

export function Toasts() {
  return (
    <Toast.Portal>
      <Toast.Viewport className="toasts" aria-label="Notices">
        <ToastList />
      </Toast.Viewport>
    </Toast.Portal>
  );
}

function ToastList() {
  const { toasts: shown } = Toast.useToastManager();
  return shown.map((toast) => (
    <Toast.Root key={toast.id} toast={toast} className="toast">
      <Toast.Content className="toast-content">
        <Toast.Title className="toast-title" />
        <Toast.Action className="button small" />
        <Toast.Close className="button small quiet" aria-label="Dismiss">
          ✕
        </Toast.Close>
      </Toast.Content>
    </Toast.Root>
  ));
}
